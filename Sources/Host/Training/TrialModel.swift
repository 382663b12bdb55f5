import Graph
import LinearAlgebra
import Runtime

/// The model with trial layers in place of some of its own, in f32.
///
/// Blocks are held when all of them fit into `limit` bytes, otherwise read again at each use; trials are always
/// held. Not for use by several threads at once.
final class TrialModel {
  let model: Model
  private let workers: Workers
  private let holdsBlocks: Bool
  private var trials: [Int: PreparedLinear] = [:]
  private var forms: [Int: LinearForm] = [:]
  private var blocks: [Int: PreparedBlock] = [:]
  private var ownHead: LanguageModelHead?

  /// Bytes of f32 weights that are held.
  static let heldLimit = 2 << 30

  init(_ model: Model, limit: Int = TrialModel.heldLimit, workers: Workers) {
    self.model = model
    self.workers = workers
    let blocks = 0..<model.configuration.blockCount
    holdsBlocks = blocks.reduce(0) { $0 + PreparedBlock.byteCount(model: model, block: $1) } <= limit
  }

  /// The block with its trials.
  func block(_ index: Int) throws(TrainingError) -> PreparedBlock {
    let own: PreparedBlock
    if let held = blocks[index] {
      own = held
    } else {
      do { own = try PreparedBlock(model: model, block: index, workers: workers) } catch {
        throw .runtime(error)
      }
      if holdsBlocks { blocks[index] = own }
    }
    var layers: [Role: PreparedLinear] = [:]
    for node in model.nodes(inBlock: index) { layers[node.role] = trials[node.index] }
    return layers.isEmpty ? own : own.with(layers)
  }

  /// The head with its trial; in f32 where `needsLayer` asks for that.
  func head(needsLayer: Bool = false) throws(TrainingError) -> LanguageModelHead {
    if ownHead == nil || needsLayer && ownHead?.layer == nil {
      do {
        ownHead = try LanguageModelHead(
          model: model, preparedLimit: needsLayer ? .max : LanguageModelHead.preparedLimit)
      } catch {
        throw .runtime(error)
      }
    }
    guard let ownHead else { throw .runtime(.missingLayer(.languageModelHead, block: nil)) }
    let trial = model.nodes.first { $0.role == .languageModelHead }.flatMap { trials[$0.index] }
    return trial.map(ownHead.with) ?? ownHead
  }

  /// Lets go of the block's weights where they are not held.
  func release(_ index: Int) { if !holdsBlocks { model.evict(block: index) } }

  func setTrial(_ node: Node, _ linear: Linear) throws(TrainingError) {
    do { trials[node.index] = try PreparedLinear(linear, name: node.name) } catch { throw .runtime(error) }
    forms[node.index] = linear.form
  }

  /// Puts values into trials: all of them, or none where one does not fit.
  func setValues(_ changes: [(target: FactorTarget, values: [Float])]) throws(TrainingError) {
    var changed = trials
    for (target, values) in changes {
      let name = model.nodes[target.node].name
      guard let trial = changed[target.node] else { throw .noTrial(node: name) }
      let expected = try count(of: target)
      guard values.count == expected else {
        throw .valueCount(node: name, target.place, expected: expected, found: values.count)
      }
      if let place = target.place, case .quantized? = form(target.node).factor(place)?.storage {
        throw .quantized(node: name, place)
      }
      guard let new = trial.with(values, at: target.place) else {
        throw .noSuchFactor(node: name, target.place)
      }
      changed[target.node] = new
    }
    trials = changed
  }

  func form(_ node: Int) -> LinearForm { forms[node] ?? model.linears[node].form }

  /// The extents of a target's values, `[n]` or `[rows, columns]`; throws where it does not exist.
  func shape(of target: FactorTarget) throws(TrainingError) -> [Int] {
    let node = model.nodes[target.node]
    guard let place = target.place else {
      let hasBias = trials[node.index].map { $0.bias != nil } ?? (model.linears[node.index].bias != nil)
      guard hasBias else { throw .noSuchFactor(node: node.name, nil) }
      return [node.outFeatures]
    }
    guard let factor = form(node.index).factor(place) else { throw .noSuchFactor(node: node.name, place) }
    if case .diagonal = factor.storage { return [factor.rows] }
    return [factor.rows, factor.columns]
  }

  func count(of target: FactorTarget) throws(TrainingError) -> Int { try shape(of: target).reduce(1, *) }
}

/// The numbers of one factor of a node, or of its bias where `place` is nil.
public struct FactorTarget: Sendable, Hashable {
  /// Index in `Model.nodes`.
  public let node: Int
  public let place: FactorPlace?

  public init(node: Int, place: FactorPlace?) {
    self.node = node
    self.place = place
  }
}

extension LinearForm {
  func factor(_ place: FactorPlace) -> FactorForm? {
    guard terms.indices.contains(place.term), terms[place.term].indices.contains(place.factor) else {
      return nil
    }
    return terms[place.term][place.factor]
  }
}
