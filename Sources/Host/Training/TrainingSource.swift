import Calibration
import Graph
import LinearAlgebra
import Runtime
import Synchronization
import Tensors

/// What all calls of a stage that learn share: the model as it entered, the text, and what the entering model makes
/// of it.
public final class TrainingSource: Sendable {
  public let entering: Model
  /// The model that entered the first stage; nil where it is the same.
  public let original: Model?
  public let text: CalibrationSet
  let settings: CalibrationSettings
  let rotary: RotaryTable
  let embedding: EmbeddingTable
  let lanes = Lanes()
  private let references = Mutex<[Reference: StateStore]>([:])
  private let heads = Mutex<[Bool: LanguageModelHead]>([:])

  /// Windows as one of the two models sees them.
  private struct Reference: Hashable {
    let set: BatchSet
    let isOriginal: Bool
  }

  /// Reads nothing but the embedding's name and shape; everything else when a loss is first asked for.
  public init(
    entering: Model, original: Model? = nil, text: CalibrationSet, settings: CalibrationSettings
  ) throws(TrainingError) {
    self.entering = entering
    self.original = original
    self.text = text
    self.settings = settings
    rotary = RotaryTable(entering.configuration.rotary, length: text.context)
    do { embedding = try EmbeddingTable(model: entering) } catch { throw .runtime(error) }
  }

  public func batchCount(_ set: BatchSet) -> Int { text.windows(set).count }

  /// States after the final norm of every window of `set` in the entering or the original model, computed once.
  func reference(_ set: BatchSet, fromOriginal: Bool) throws(TrainingError) -> StateStore {
    let isOriginal = fromOriginal && original != nil
    let key = Reference(set: set, isOriginal: isOriginal)
    if let found = references.withLock({ $0[key] }) { return found }
    let trials = TrialModel(teacher(isOriginal), limit: 0, workers: settings.workers)
    let norm = try referenceHead(fromOriginal: isOriginal).norm
    let made = try TrainingPass(self, trials, store: TraceStore(limit: 0)).finalStates(set, norm: norm)
    references.withLock { $0[key] = made }
    return made
  }

  private func teacher(_ isOriginal: Bool) -> Model { isOriginal ? original ?? entering : entering }

  /// The head of the entering or the original model.
  func referenceHead(fromOriginal: Bool) throws(TrainingError) -> LanguageModelHead {
    let isOriginal = fromOriginal && original != nil
    if let found = heads.withLock({ $0[isOriginal] }) { return found }
    do throws(RuntimeError) {
      let made = try LanguageModelHead(model: teacher(isOriginal))
      heads.withLock { $0[isOriginal] = made }
      return made
    } catch {
      throw .runtime(error)
    }
  }
}
