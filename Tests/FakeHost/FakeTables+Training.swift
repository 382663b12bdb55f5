import CLathe

private let ok = lathe_status(LATHE_OK)
private let contract = lathe_status(LATHE_ERR_CONTRACT)
private let unsupported = lathe_status(LATHE_ERR_UNSUPPORTED)

extension FakeTables {
  func training() -> lathe_host_training {
    var table = lathe_host_training()
    table.batch_count = { host, set, count in
      guard let training = FakeHost.of(host).training else { return unsupported }
      count?.pointee = UInt32(set == 0 ? training.calibrationCount : training.heldOutCount)
      return ok
    }
    table.set_trial = { host, node, form in
      let fake = FakeHost.of(host)
      guard fake.training != nil else { return unsupported }
      guard let form, Int(node) < fake.nodes.count else { return contract }
      let trial = FakeTrial(
        form: FakeForm(form.pointee), bias: form.pointee.bias.map { FakeTensor.read($0) })
      fake.state.withLock { $0.trials[Int(node)] = trial }
      return ok
    }
    table.set_trial_values = { host, references, count, values in
      FakeTables.setValues(FakeHost.of(host), references, Int(count), values)
    }
    table.loss = { host, set, batches, count, loss in
      FakeTables.run(FakeHost.of(host), set, batches, Int(count), loss, nil, 0, nil)
    }
    table.loss_and_gradients = { host, set, batches, count, references, referenceCount, gradients, loss in
      FakeTables.run(
        FakeHost.of(host), set, batches, Int(count), loss, references, Int(referenceCount), gradients)
    }
    return table
  }

  private static func setValues(
    _ fake: FakeHost, _ references: UnsafePointer<lathe_factor_ref>?, _ count: Int,
    _ values: UnsafePointer<UnsafePointer<lathe_tensor>?>?
  ) -> lathe_status {
    guard fake.training != nil else { return unsupported }
    return fake.state.withLock { state in
      for index in 0..<count {
        guard let reference = references?[index], let tensor = values?[index] else { return contract }
        let place = FakeReference(reference)
        let numbers = FakeTensor.read(tensor)
        guard var trial = state.trials[place.node] else { return contract }
        if let factor = place.factor {
          guard trial.form.indices.contains(place.term), trial.form[place.term].indices.contains(factor),
            trial.form[place.term][factor].values.count == numbers.count
          else { return contract }
          trial.form[place.term][factor].values = numbers
        } else {
          guard trial.bias?.count == numbers.count else { return contract }
          trial.bias = numbers
        }
        state.trials[place.node] = trial
      }
      return ok
    }
  }

  private static func run(
    _ fake: FakeHost, _ set: Int32, _ batches: UnsafePointer<UInt32>?, _ count: Int,
    _ loss: UnsafeMutablePointer<lathe_loss>?, _ references: UnsafePointer<lathe_factor_ref>?,
    _ referenceCount: Int, _ gradients: UnsafePointer<UnsafeMutablePointer<lathe_tensor>?>?
  ) -> lathe_status {
    guard let training = fake.training else { return unsupported }
    guard !fake.isCancelled else { return lathe_status(LATHE_ERR_CANCELLED) }
    guard let loss, let batches, count > 0 else { return contract }
    let limit = set == 0 ? training.calibrationCount : training.heldOutCount
    let chosen = (0..<count).map { Int(batches[$0]) }
    guard chosen.allSatisfy({ $0 < limit }) else { return contract }
    let trials = fake.state.withLock { $0.trials }
    let answer = training.loss(
      FakeTrainingCall(
        set: set, batches: chosen, nextTokenWeight: loss.pointee.next_token_weight,
        divergenceWeight: loss.pointee.divergence_weight,
        sampledTargets: loss.pointee.flags & UInt32(LATHE_LOSS_SAMPLED_TARGETS) != 0,
        forms: fake.nodes.enumerated().map { trials[$0.offset]?.form ?? $0.element.form },
        biases: trials.compactMapValues(\.bias),
        references: references.map { list in (0..<referenceCount).map { FakeReference(list[$0]) } }))
    loss.pointee.next_token = answer.nextToken
    loss.pointee.divergence = loss.pointee.divergence_weight == 0 ? 0 : answer.divergence
    for (index, gradient) in answer.gradients.enumerated() where index < referenceCount {
      guard let target = gradients?[index], FakeTensor.count(target) == gradient.count else {
        return contract
      }
      FakeTensor.write(gradient, to: target)
    }
    return ok
  }
}
