import CLathe
import FakeHost
import PluginKit
import Synchronization
import Testing

@testable import SoCoStrategy

@Suite struct TrainingTests {
  @Test("an interrupted run goes on where its journal ends, to the same numbers", arguments: [4, 10, 11, 40])
  func interruptionsChangeNothing(calls: Int) throws {
    let parameters = ["journal": "2"]
    let whole = Models.decoder()
    try SoCoTests.run(whole, keep: 0.6, parameters)

    let host = Models.decoder()
    host.target = UInt64(0.6 * Double(host.selectedBytes))
    host.parameters = SoCoTests.quick.merging(parameters) { $1 }
    let inner = host.training
    let left = Mutex(calls)
    let steps = Mutex<[Int]>([])
    host.training = FakeTraining(calibrationCount: 6, heldOutCount: 2) { [weak host] call in
      if !call.sampledTargets, call.references != nil {
        steps.withLock { $0.append(0) }
        left.withLock { $0 -= 1 }
        if left.withLock({ $0 }) == 0 { host?.isCancelled = true }
      }
      return inner?.loss(call) ?? FakeLoss(nextToken: 0)
    }
    func phases() throws -> FakeRun {
      let run = try FakeRun(Models.module.table, on: host)
      try run.plan()
      for block in [0, 1] as [Int32] { try run.analyze(block) }
      return run
    }
    if calls <= 30 {
      let first = try phases()
      let refusal = #expect(throws: Refusal.self) { try first.allocate() }
      #expect(refusal?.code == Int32(LATHE_ERR_CANCELLED))
      host.isCancelled = false
    }
    steps.withLock { $0 = [] }
    let second = try phases()
    try second.allocate()
    // What was journalled is not done again.
    #expect(steps.withLock { $0.count } == 30 - (calls <= 30 ? calls / 2 * 2 : 0))
    for block in [0, 1] as [Int32] { try second.compress(block) }
    #expect(host.nodes.map(\.form) == whole.nodes.map(\.form))
    #expect(host.nodes.map(\.bias) == whole.nodes.map(\.bias))
    // The journal alone, which the host drops with the stage.
    #expect(host.keptCount == 1)
  }

  @Test(
    "a loss that is not finite stops the training; what was best is taken, the budget is met",
    arguments: [1, 5, 12, 25])
  func divergenceIsSurvived(step: Int) throws {
    let host = Models.decoder()
    let target = Int(0.6 * Double(host.selectedBytes))
    let inner = host.training
    let count = Mutex(0)
    host.training = FakeTraining(calibrationCount: 6, heldOutCount: 2) { call in
      var answer = inner?.loss(call) ?? FakeLoss(nextToken: 0)
      if call.references != nil, !call.sampledTargets,
        count.withLock({
          $0 += 1; return $0
        }) == step
      {
        (answer.nextToken, answer.divergence) = (.nan, .nan)
      }
      return answer
    }
    try SoCoTests.run(host, keep: 0.6)
    #expect(host.metric(nil, "diverged_at_step") == Double(step))
    #expect(host.selectedBytes <= target)
    let numbers = host.nodes.flatMap { $0.form.joined().flatMap(\.values) + ($0.bias ?? []) }
    #expect(numbers.allSatisfy { $0.isFinite })
    #expect(SoCoTests.loss(host, like: Models.decoder()).isFinite)
  }

  @Test("without held-out windows the last state is taken; without calibration windows there is a sentence")
  func windowsMayBeMissing() throws {
    let host = Models.host(Models.decoder().nodes, heldOut: 0)
    try SoCoTests.run(host, keep: 0.6)
    #expect(host.series(nil, "held_out_loss") == nil)
    #expect(host.series(nil, "training_loss")?.count == 30)
    let empty = Models.decoder()
    empty.training = FakeTraining(calibrationCount: 0, heldOutCount: 0) { _ in FakeLoss(nextToken: 0) }
    let refusal = #expect(throws: Refusal.self) { try SoCoTests.run(empty, keep: 0.6) }
    #expect(refusal?.message.contains("calibration text") == true)
    #expect(refusal?.code == Int32(LATHE_ERR_INVALID))
  }

  @Test("the best state on the held-out windows is taken, and patience ends a run that gets no better")
  func theBestStateIsTaken() throws {
    let host = Models.decoder()
    let inner = host.training
    let looks = Mutex(0)
    host.training = FakeTraining(calibrationCount: 6, heldOutCount: 2) { call in
      var answer = inner?.loss(call) ?? FakeLoss(nextToken: 0)
      // Worse and worse.
      if call.set == 1 {
        answer.divergence = Double(
          looks.withLock {
            $0 += 1; return $0
          })
      }
      return answer
    }
    try SoCoTests.run(host, keep: 0.6, ["patience": "3"])
    let looked = try #require(host.series(nil, "held_out_step"))
    let best = try #require(host.metric(nil, "best_step"))
    #expect(best == 9 && looked.count { $0 == best } == 1)
    #expect(looked.filter { $0 > best }.count == 3)
    #expect(host.metric(nil, "training_steps") == looked.last)
  }

  @Test("the size falls to the target in the first phase and stays there; curves have one number a step")
  func theSizeFalls() throws {
    let host = Models.decoder()
    try SoCoTests.run(host, keep: 0.6, ["compress": "0.3", "refine": "0.3"])
    let size = try #require(host.series(nil, "training_size"))
    let phase = try #require(host.series(nil, "training_phase"))
    #expect(size.count == 30 && phase.count == 30)
    #expect(zip(size, size.dropFirst()).prefix(9).allSatisfy { $0 >= $1 - 1e-9 })
    #expect(zip(size, phase).allSatisfy { $0.1 == 1 || $0.0 <= 0.6 })
    #expect(Array(Set(phase)).sorted() == [1, 2, 3])
  }

  @Test("prices of a later stage count, not the present bytes")
  func laterPricesCount() throws {
    let host = Models.decoder()
    host.elementBytes = 1
    try SoCoTests.run(host, keep: 0.6)
    #expect(host.selectedBytes <= Int(0.6 * Double(Models.decoder().selectedBytes / 4)))
  }
}
