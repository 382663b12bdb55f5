import CLathe
import Graph
import Runtime
import Tensors
import Training

/// What a plugin asks of a loss, checked.
enum ForeignLoss {
  /// Longer lists are refused.
  private static let limit: UInt32 = 1 << 24

  static func set(_ raw: Int32) throws(CallFault) -> BatchSet {
    guard let set = BatchSet(rawValue: raw) else { throw .contract("there is no set of batches \(raw)") }
    return set
  }

  static func request(
    _ context: CallContext, _ set: Int32, _ batches: UnsafePointer<UInt32>?, _ count: UInt32,
    _ loss: UnsafeMutablePointer<lathe_loss>?
  ) throws(CallFault) -> LossRequest {
    guard let loss, loss.pointee.struct_size >= MemoryLayout<lathe_loss>.size else {
      throw .contract("the loss is NULL or its table too small")
    }
    let wanted = loss.pointee
    guard wanted.flags & ~UInt32(LATHE_LOSS_SAMPLED_TARGETS) == 0 else {
      throw .unsupported("the loss has flags \(wanted.flags), which this host does not know")
    }
    guard wanted.next_token_weight.isFinite, wanted.divergence_weight.isFinite else {
      throw .contract("the weights of the loss are not finite")
    }
    guard count > 0, count <= limit, let batches else {
      throw .contract("a loss needs a list of batches, not \(count)")
    }
    let samples = wanted.flags & UInt32(LATHE_LOSS_SAMPLED_TARGETS) != 0
    return LossRequest(
      set: try self.set(set), batches: (0..<Int(count)).map { Int(batches[$0]) },
      nextTokenWeight: wanted.next_token_weight, divergenceWeight: wanted.divergence_weight,
      samplingSeed: samples ? context.environment.seed : nil)
  }

  static func write(_ value: TokenLoss.Value, to loss: UnsafeMutablePointer<lathe_loss>?) {
    loss?.pointee.next_token = value.nextToken
    loss?.pointee.divergence = value.divergence
  }

  static func targets(
    _ context: CallContext, _ factors: UnsafePointer<lathe_factor_ref>?, _ count: UInt32
  ) throws(CallFault) -> [FactorTarget] {
    guard count > 0, count <= limit, let factors else {
      throw .contract("a list of factors is needed, not \(count)")
    }
    var targets: [FactorTarget] = []
    for index in 0..<Int(count) {
      let reference = factors[index]
      let node = try context.node(reference.node)
      let place =
        reference.factor == LATHE_FACTOR_BIAS
        ? nil : FactorPlace(term: Int(reference.term), factor: Int(reference.factor))
      targets.append(FactorTarget(node: node.index, place: place))
    }
    guard Set(targets).count == targets.count else {
      throw .contract("a factor is listed twice in one call")
    }
    return targets
  }

  /// Where gradients go: writable f32 in the shape of the values.
  static func places(
    _ session: TrainingSession, _ targets: [FactorTarget],
    _ gradients: UnsafePointer<UnsafeMutablePointer<lathe_tensor>?>?
  ) throws(CallFault) -> [ForeignTensor.View] {
    guard let gradients else { throw .contract("there is no place for the gradients") }
    var places: [ForeignTensor.View] = []
    for (index, target) in targets.enumerated() {
      let what = "the tensor for gradient \(index)"
      let view = try ForeignTensor.read(gradients[index], what)
      try check(view, session, target, what)
      guard view.elementType == .f32, !view.isReadOnly else { throw .contract("\(what) is no writable f32") }
      places.append(view)
    }
    return places
  }

  /// Finite copies of what is to become the values of `targets`.
  static func values(
    _ session: TrainingSession, _ targets: [FactorTarget],
    _ values: UnsafePointer<UnsafePointer<lathe_tensor>?>?
  ) throws(CallFault) -> [(target: FactorTarget, values: [Float])] {
    guard let values else { throw .contract("there are no values to set") }
    var changes: [(target: FactorTarget, values: [Float])] = []
    for (index, target) in targets.enumerated() {
      let what = "the tensor of values \(index)"
      let view = try ForeignTensor.read(values[index], what)
      try check(view, session, target, what)
      let stored = try ForeignMatrix.stored(view, as: .f32, what: what)
      changes.append((target, stored.withElements(as: Float.self) { Array($0) }))
    }
    return changes
  }

  private static func check(
    _ view: ForeignTensor.View, _ session: TrainingSession, _ target: FactorTarget, _ what: String
  ) throws(CallFault) {
    let shape = try CallFault.wrapping { () throws(TrainingError) in try session.shape(of: target) }
    guard view.shape == shape else { throw .contract("\(what) has the shape \(view.shape), not \(shape)") }
  }
}
