import CLathe
import LinearAlgebra
import Tensors

extension HostTables {
  /// A loss that is cheap and has exact gradients: the mean over the layers with trials of
  /// `||X (W' - W)^T||^2 / (2 ||X W^T||^2)`, X the inputs of the batch's tokens, W the original weight.
  static func makeTraining() -> lathe_host_training {
    var table = lathe_host_training()
    table.batch_count = { handle, set, count in
      serve(handle, "batch_count") { (_) throws(Refusal) in
        count?.pointee = set == Int32(LATHE_BATCHES_CALIBRATION) ? 4 : 2
      }
    }
    table.set_trial = { handle, index, form in
      serve(handle, "set_trial") { (call) throws(Refusal) in
        let node = try call.node(index)
        call.checkTraining("set_trial")
        let given = try FormReader(call: call, node: node, needsValues: true).read(form)
        call.state.withLock { $0.trials[Int(index)] = given.form }
      }
    }
    table.loss = { handle, _, batches, count, loss in
      serve(handle, "loss") { (call) throws(Refusal) in
        call.checkTraining("loss")
        if call.poll() { throw .no(LATHE_ERR_CANCELLED, "cancelled") }
        try call.measure(batches, count, loss)
      }
    }
    table.loss_and_gradients = { handle, _, batches, count, factors, factorCount, gradients, loss in
      serve(handle, "loss_and_gradients") { (call) throws(Refusal) in
        call.checkTraining("loss_and_gradients")
        if call.poll() { throw .no(LATHE_ERR_CANCELLED, "cancelled") }
        try call.measure(batches, count, loss)
        for i in 0..<Int(factorCount) {
          guard let factors, let gradients else {
            throw .no(LATHE_ERR_CONTRACT, "no factors or no gradients")
          }
          let target: GivenTensor
          do throws(Refusal) { target = try GivenTensor(gradients[i], "gradient \(i)") } catch {
            throw .broke("arguments-fit", error.message)
          }
          let weights = (loss?.pointee.next_token_weight ?? 0) + (loss?.pointee.divergence_weight ?? 0)
          let values = try call.gradient(factors[i], batches, count).map { $0 * weights }
          guard target.type == .f32, !target.isReadOnly, target.count == values.count else {
            throw .broke(
              "arguments-fit", "gradient \(i) has the shape \(target.shape) for \(values.count) values")
          }
          TensorBytes.write(values, .f32, to: target.base)
        }
      }
    }
    table.set_trial_values = { handle, factors, count, values in
      serve(handle, "set_trial_values") { (call) throws(Refusal) in
        call.checkTraining("set_trial_values")
        for i in 0..<Int(count) {
          guard let factors, let values else { throw .no(LATHE_ERR_CONTRACT, "no factors or no values") }
          try call.setTrialValues(factors[i], values[i])
        }
      }
    }
    return table
  }
}

extension CheckedCall {
  /// Training happens during allocate and finish.
  fileprivate func checkTraining(_ function: String) {
    guard phase != .allocate, phase != .finish else { return }
    note("training-in-its-phases", function, "it was called outside allocate and finish")
  }

  /// New numbers for one factor of a trial; those of a bias change nothing here.
  fileprivate func setTrialValues(
    _ reference: lathe_factor_ref, _ tensor: UnsafePointer<lathe_tensor>?
  ) throws(Refusal) {
    let node = try node(reference.node)
    let given: GivenTensor
    do throws(Refusal) { given = try GivenTensor(tensor, "values of \(node.name)") } catch {
      throw .broke("arguments-fit", error.message)
    }
    if reference.factor == LATHE_FACTOR_BIAS { return }
    let (index, t, f) = (Int(reference.node), Int(reference.term), Int(reference.factor))
    let isThere = state.withLock { state in
      guard let trial = state.trials[index], t < trial.count, f < trial[t].count else { return false }
      guard !trial[t][f].isQuantized, trial[t][f].values.count == given.count else { return false }
      state.trials[index]?[t][f].values = given.numbers
      return true
    }
    guard isThere else {
      throw .broke("arguments-fit", "\(node.name) has no trial with a factor \(t).\(f) of \(given.shape)")
    }
  }

  private func inputs(_ node: TinyNode, _ batches: UnsafePointer<UInt32>?, _ count: UInt32) -> Matrix<Double>
  {
    let chosen = Set(
      UnsafeBufferPointer(start: batches, count: batches == nil ? 0 : Int(count)).map { Int($0 % 4) })
    let rows = (0..<node.inputs.rows).filter { chosen.isEmpty || chosen.contains($0 % 4) }
    return node.inputs.withView { view in
      Matrix(rows: rows.count, columns: node.inFeatures) { view[rows[$0], $1] }
    }
  }

  fileprivate func measure(
    _ batches: UnsafePointer<UInt32>?, _ count: UInt32, _ loss: UnsafeMutablePointer<lathe_loss>?
  ) throws(Refusal) {
    guard let loss, loss.pointee.struct_size >= MemoryLayout<lathe_loss>.size else {
      throw .broke("info-tables-state-their-size", "the table of the loss has no struct_size")
    }
    let trials = state.withLock { $0.trials }
    var total = 0.0
    // In order: sums of the same numbers in another order are not the same.
    for (index, form) in trials.sorted(by: { $0.key < $1.key }) {
      let node = host.model.nodes[index]
      guard let weight = node.original ?? node.form.matrix, let trial = form.matrix else { continue }
      let x = inputs(node, batches, count)
      let (y, d) = (x.times(weight.transposed), x.times(trial.plus(weight, times: -1).transposed))
      total += 0.5 * d.dot(d) / max(y.dot(y), .leastNormalMagnitude)
    }
    let mean = total / Double(max(trials.count, 1))
    loss.pointee.next_token = 2 + mean
    loss.pointee.divergence = loss.pointee.divergence_weight == 0 ? 0 : mean
  }

  /// d loss / d values of a factor, for weights of the loss's two parts that add up to 1.
  fileprivate func gradient(
    _ reference: lathe_factor_ref, _ batches: UnsafePointer<UInt32>?, _ count: UInt32
  ) throws(Refusal) -> [Double] {
    let node = try node(reference.node)
    let trials = state.withLock { $0.trials }
    let form = trials[Int(reference.node)] ?? host.state.withLock { $0.forms[Int(reference.node)] }
    if reference.factor == LATHE_FACTOR_BIAS { return [Double](repeating: 0, count: node.outFeatures) }
    guard Int(reference.term) < form.count, Int(reference.factor) < form[Int(reference.term)].count,
      let weight = node.original ?? node.form.matrix, let trial = form.matrix
    else {
      throw .broke(
        "arguments-fit", "factor \(reference.term).\(reference.factor) of \(node.name) does not exist")
    }
    let term = form[Int(reference.term)]
    let x = inputs(node, batches, count)
    let y = x.times(weight.transposed)
    let d = x.times(trial.plus(weight, times: -1).transposed)
    let scale = 1 / (max(y.dot(y), .leastNormalMagnitude) * Double(max(trials.count, 1)))
    var gradient = d.transposed.times(x).scaled(by: scale)
    for factor in term[(Int(reference.factor) + 1)...].reversed() {
      if let matrix = factor.matrix { gradient = matrix.transposed.times(gradient) }
    }
    var before: Matrix<Double>?
    for factor in term[..<Int(reference.factor)] {
      if let matrix = factor.matrix { before = before.map { matrix.times($0) } ?? matrix }
    }
    if let before { gradient = gradient.times(before.transposed) }
    let factor = term[Int(reference.factor)]
    return factor.isDiagonal
      ? (0..<factor.rows).map { i in gradient.withView { $0[i, i] } } : gradient.numbers
  }
}
