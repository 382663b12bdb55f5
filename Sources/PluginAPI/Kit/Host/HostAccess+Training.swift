import CLathe

// Loss and gradients, during `allocate` and `finish` only; not for use in the pieces of `forEach`.
extension HostAccess where Self: ~Copyable {
  private func training() throws(StrategyError) -> HostTable<lathe_host_training> {
    try call.table(.training, lathe_host_training.self)
  }

  /// How many windows a set has.
  public func batchCount(_ set: BatchSet) throws(StrategyError) -> Int {
    let read = try training().function(\.batch_count, "batch_count")
    var count: UInt32 = 0
    try call.check(read(call.host, set.rawValue, &count), "batch_count")
    return Int(count)
  }

  /// Zeros for every reference.
  public func newNumbers(of references: [FactorReference]) throws(StrategyError) -> FactorNumbers {
    var boxes: [TensorBox] = []
    for reference in references { boxes.append(try call.newTensor(.float32, reference.extents)) }
    return FactorNumbers(references: references, boxes: boxes)
  }

  /// Puts `form` in the place of `node` until the call of the strategy returns. The values are used in float32,
  /// and a bias may be given to a layer that has none.
  public func setTrial(_ node: Node, _ form: LinearForm) throws(StrategyError) {
    let write = try training().function(\.set_trial, "set_trial")
    let status = withCLinear(form.terms, bias: form.bias) { write(call.host, node.index, $0) }
    try call.check(status, "set_trial of \(node.name)")
  }

  /// New values for dense or diagonal factors and biases of trials; nothing else of the trials is copied.
  public func setTrialValues(_ values: borrowing FactorNumbers) throws(StrategyError) {
    let write = try training().function(\.set_trial_values, "set_trial_values")
    let references = values.references.map(\.cReference)
    let tensors = values.boxes.map { UnsafePointer<lathe_tensor>?($0.tensor) }
    let status = write(call.host, references, UInt32(references.count), tensors)
    try call.check(status, "set_trial_values")
  }

  /// Mean loss over the listed windows, trials in place.
  public func loss(
    _ set: BatchSet, _ batches: [Int], _ weights: LossWeights
  ) throws(StrategyError) -> Loss {
    let run = try training().function(\.loss, "loss")
    var loss = Self.loss(weights)
    let indices = batches.map { UInt32(clamping: $0) }
    try call.check(run(call.host, set.rawValue, indices, UInt32(indices.count), &loss), "loss")
    return Loss(loss)
  }

  /// The same, and d loss / d values of every reference of `gradients` written there.
  public func lossAndGradients(
    _ set: BatchSet, _ batches: [Int], _ weights: LossWeights, into gradients: borrowing FactorNumbers
  ) throws(StrategyError) -> Loss {
    let run = try training().function(\.loss_and_gradients, "loss_and_gradients")
    var loss = Self.loss(weights)
    let indices = batches.map { UInt32(clamping: $0) }
    let references = gradients.references.map(\.cReference)
    let tensors = gradients.boxes.map { UnsafeMutablePointer<lathe_tensor>?($0.tensor) }
    let status = run(
      call.host, set.rawValue, indices, UInt32(indices.count), references, UInt32(references.count), tensors,
      &loss)
    try call.check(status, "loss_and_gradients")
    return Loss(loss)
  }

  private static func loss(_ weights: LossWeights) -> lathe_loss {
    var loss = lathe_loss()
    loss.struct_size = UInt32(MemoryLayout<lathe_loss>.size)
    loss.flags = weights.sampledTargets ? UInt32(LATHE_LOSS_SAMPLED_TARGETS) : 0
    loss.next_token_weight = weights.nextToken
    loss.divergence_weight = weights.divergence
    return loss
  }
}
