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
  public let text: CalibrationSet
  let settings: CalibrationSettings
  let rotary: RotaryTable
  let embedding: EmbeddingTable
  let lanes = Lanes()
  private let references = Mutex<[BatchSet: StateStore]>([:])
  private let head = Mutex<LanguageModelHead?>(nil)

  /// Reads nothing but the embedding's name and shape; everything else when a loss is first asked for.
  public init(
    entering: Model, text: CalibrationSet, settings: CalibrationSettings
  ) throws(TrainingError) {
    self.entering = entering
    self.text = text
    self.settings = settings
    rotary = RotaryTable(entering.configuration.rotary, length: text.context)
    do { embedding = try EmbeddingTable(model: entering) } catch { throw .runtime(error) }
  }

  public func batchCount(_ set: BatchSet) -> Int { text.windows(set).count }

  /// States after the final norm of every window of `set` in the entering model, computed once.
  func reference(_ set: BatchSet) throws(TrainingError) -> StateStore {
    if let found = references.withLock({ $0[set] }) { return found }
    let trials = TrialModel(entering, limit: 0, workers: settings.workers)
    let made = try TrainingPass(self, trials, store: TraceStore(limit: 0)).finalStates(set)
    references.withLock { $0[set] = made }
    return made
  }

  /// The entering model's head.
  func referenceHead() throws(TrainingError) -> LanguageModelHead {
    if let found = head.withLock({ $0 }) { return found }
    do throws(RuntimeError) {
      let made = try LanguageModelHead(model: entering)
      head.withLock { $0 = made }
      return made
    } catch {
      throw .runtime(error)
    }
  }
}
