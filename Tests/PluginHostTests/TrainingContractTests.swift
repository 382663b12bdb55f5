import Calibration
import Graph
import LinearAlgebra
import ModelIO
import PluginHost
import Tensors
import TestSupport
import Testing
import Training

/// `lathe.training/1` as a plugin meets it.
@Suite(.enabled(if: CCompiler.path != nil)) struct TrainingContractTests {
  /// Windows of the bench's text.
  private func bench(isCancelled: @escaping @Sendable () -> Bool = { false }) throws -> PluginBench {
    var bench = try PluginBench(unselected: [1], isCancelled: isCancelled)
    let vocabulary = bench.model.configuration.vocabularySize
    let text = try CalibrationSet(
      tokens: RandomModel.tokens(90, vocabularySize: vocabulary, seed: 1), samples: 5, context: 10, seed: 1,
      heldOut: 3)
    let scratch = try #require(bench.environment.scratch)
    bench.environment.training = try TrainingSource(
      entering: bench.model, text: text,
      settings: CalibrationSettings(seed: 1, workers: .serial, scratch: scratch, isCancelled: isCancelled))
    return bench
  }

  /// In this process, and in a worker.
  private static let places: [Isolation?] = [
    nil, Isolation(executable: BuildFolder.lathe, silenceLimit: 120),
  ]

  private func allocate(_ name: String, _ bench: PluginBench, _ isolation: Isolation? = nil) throws {
    let instance = try bench.instance(bench.library(name), isolation: isolation)
    _ = try instance.plan(bench.environment, bench.snapshot)
    try instance.allocate(bench.environment, bench.snapshot)
  }

  private func metrics(_ bench: PluginBench) -> [String: Double] {
    var result: [String: Double] = [:]
    for (key, entry) in bench.environment.report.stage {
      if case .metric(let value) = entry { result[key] = value }
    }
    return result
  }

  @Test("a plugin tries a form, learns its gradient, and the trial is gone with the call", arguments: places)
  func learns(isolation: Isolation?) throws {
    let bench = try bench()
    let instance = try bench.instance(bench.library("learns"), isolation: isolation)
    for _ in 0..<2 {
      try instance.allocate(bench.environment, bench.snapshot)
      let found = metrics(bench)
      #expect(found["entering_divergence"] == 0)
      #expect(try #require(found["entering"]) > 0)
      #expect(try #require(found["trial_divergence"]) > 1e-4)
      #expect(try #require(found["largest_gradient"]) > 1e-6)
      #expect(found["held_out"] == 3)
    }
  }

  @Test(
    "a broken rule fails the call and names the rule",
    arguments: [
      ("trains_no_such_set", "no set of batches 7"), ("trains_no_such_batch", "batch 1000 does not exist"),
      ("trains_no_batches", "needs a list of batches"), ("trains_small_loss", "its table too small"),
      ("trains_unknown_flag", "flags 64"), ("trains_infinite_weight", "not finite"),
      ("trains_no_such_node", "node 4096 does not exist"), ("trains_no_such_factor", "no factor 0.5"),
      ("trains_missing_bias", "has no bias"), ("trains_wrong_shape", "has the shape [31, 24], not [32, 24]"),
      ("trains_no_place", "gradient 0 is NULL"), ("trains_read_only", "no writable f32"),
      ("trains_without_trial", "no trial"), ("trains_not_finite", "not finite"),
      ("trains_unselected", "is not selected"),
      ("learns_in_plan", "belong to allocate and finish, not to plan"),
    ])
  func rules(name: String, part: String) throws {
    let bench = try bench()
    let text = try #require(complaint { try allocate(name, bench) })
    #expect(text.contains(part), "\(text)")
    #expect(complaint { try allocate(name, bench, Self.places[1]) } == text)
  }

  @Test("what an isolated plugin learns is the same numbers")
  func isolated() throws {
    let found = try Self.places.map { isolation in
      let bench = try bench()
      try allocate("learns", bench, isolation)
      return metrics(bench)
    }
    #expect(found[0] == found[1] && found[0].count >= 5)
  }

  @Test("without calibration text the plugin is told so")
  func noText() throws {
    for isolation in Self.places {
      let text = try #require(complaint { try allocate("trains_no_batches", PluginBench(), isolation) })
      #expect(text.contains("calibration"), "\(text)")
    }
  }

  @Test("a cancelled step is cancelled and not failed", arguments: places)
  func cancelled(isolation: Isolation?) throws {
    let bench = try bench { true }
    let stopped = #expect(throws: PluginHostError.self) {
      try allocate("trains_cancelled", bench, isolation)
    }
    guard case .cancelled? = stopped else {
      Issue.record("\(String(describing: stopped))")
      return
    }
  }
}
