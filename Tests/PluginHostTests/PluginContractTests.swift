import Calibration
import Graph
import ModelIO
import PluginHost
import Tensors
import TestSupport
import Testing

/// What happens to a plugin that breaks a rule while it works.
@Suite(.enabled(if: CCompiler.path != nil)) struct PluginContractTests {
  @Test("a plugin that keeps the rules replaces its layer, in the element type of the node")
  func sound() throws {
    let bench = try PluginBench(elementType: .bf16)
    let replaced = try bench.compress("keeps_every_rule", block: 1)
    #expect(replaced.keys.sorted() == [7])
    let linear = try #require(replaced[7])
    #expect(linear.form == bench.snapshot.forms[7])
    var values = [Float](repeating: 1, count: linear.outFeatures * linear.inFeatures)
    try values.withUnsafeMutableBufferPointer {
      try linear.terms[0][0].copyFloats(to: #require($0.baseAddress))
    }
    #expect(values.allSatisfy { $0 == 0 })
  }

  @Test(
    "a strategy that needs what the host lacks is refused before create",
    arguments: [("needs_unknown_service", "lathe.unknown/1"), ("needs_gradients", "gradientSquared")])
  func missingServices(name: String, need: String) throws {
    let bench = try PluginBench()
    let library = try bench.library(name)
    let text = try #require(complaint { try bench.instance(library) })
    #expect(text.contains(need) && text.contains("test-plugin") && text.contains("update Lathe"), "\(text)")
  }

  @Test(
    "a failure in create is told with the strategy's own words, or the host's",
    arguments: [
      ("create_fails", "these parameters do not fit together"), ("no_instance", "returned no instance"),
      ("small_instance", "instance table is too small"),
      ("undeclared_parameter", "\"amuont\" was not declared"),
      ("mistyped_parameter", "\"amount\" was read as a number"),
    ])
  func create(name: String, part: String) throws {
    let bench = try PluginBench()
    let library = try bench.library(name)
    let text = try #require(complaint { try bench.instance(library) })
    #expect(text.contains(part) && text.contains("failed in create"), "\(text)")
  }

  @Test(
    "a broken rule in a call fails the call and names the rule",
    arguments: [
      ("fails", "numerical failure): q_proj did not converge"),
      ("fails_silently", "internal error): it gave no reason"),
      ("unknown_status", "it returned the unknown status 99"),
      ("other_block", "model.layers.1.self_attn.q_proj cannot be replaced in compress of block 0"),
      ("no_such_node", "node 4096 does not exist"), ("wrong_shape", "32"), ("not_finite", "not finite"),
      ("wide_codes", "a code that does not fit 4 bits"), ("unknown_storage", "storage kind 77"),
      ("no_values", "NULL"), ("huge_extents", "model.layers.0.self_attn.q_proj"),
      ("byte_offset", "byte_offset"), ("other_dlpack", "DLPack 99.1"),
      ("overlapping_output", "overlaps"), ("touching_output", "overlaps"),
      ("empty_tensor", "extent"), ("late_request", "only be requested in plan"),
      ("unrequested_statistic", "inputGram of model.layers.0.self_attn.q_proj was not requested"),
      ("no_budget", "add `keep`"),
    ])
  func compress(name: String, part: String) throws {
    let bench = try PluginBench()
    let text = try #require(complaint { try bench.compress(name) })
    let file = bench.folder.file("\(name).so")
    #expect(
      text.contains(part)
        && text.hasPrefix("stage 0, strategy \"test-plugin\" of \(file), failed in compress of block 0"),
      "\(text)")
    #expect(!text.contains("\n"))
  }

  @Test("a statistic that was not declared cannot be requested")
  func undeclared() throws {
    let bench = try PluginBench()
    let text = try #require(complaint { try bench.compress("undeclared_statistic") })
    #expect(text.contains("failed in plan") && text.contains("not declared in declared_stats"), "\(text)")
  }

  @Test("a layer the recipe left out cannot be replaced")
  func unselected() throws {
    let bench = try PluginBench(unselected: [3])
    let text = try #require(complaint { try bench.compress("unselected") })
    #expect(text.contains("model.layers.0.self_attn.o_proj is not selected"), "\(text)")
    #expect(try PluginBench().compress("unselected").isEmpty)
  }

  @Test("a value that overflows the type it is stored in is refused")
  func overflow() throws {
    #expect(try PluginBench(elementType: .bf16).compress("beyond_type").count == 1)
    let bench = try PluginBench(elementType: .f16)
    let text = try #require(complaint { try bench.compress("beyond_type") })
    #expect(text.contains("not finite in F16"), "\(text)")
  }

  @Test("a call that fails leaves nothing of what it replaced")
  func allOrNothing() throws {
    let bench = try PluginBench()
    let instance = try bench.instance(bench.library("fails_after_replacing"))
    #expect(try instance.compress(block: 0, bench.environment, bench.snapshot, nil).linears.count == 1)
    #expect(complaint { try instance.compress(block: 1, bench.environment, bench.snapshot, nil) } != nil)
    // The next call starts from nothing.
    #expect(
      try instance.compress(block: 0, bench.environment, bench.snapshot, nil).linears.keys.sorted() == [0])
  }

  @Test("numbers that JSON cannot hold do not break a report")
  func metrics() throws {
    let bench = try PluginBench()
    _ = try bench.compress("not_finite_metric")
    #expect(bench.environment.report.stage.map(\.key) == ["error"])
    #expect(bench.environment.report.entries(node: 0).count == 1)
  }

  @Test("the reason of a failure is one line that can be printed, of a length that can be read")
  func reason() throws {
    let text = complaint { try PluginBench().compress("steers_terminal") } ?? ""
    #expect(text.contains("red \\u{1b}[31m\\u{d}lathe: all is well\\u{a}xxx"), "\(text.prefix(200))")
    #expect(text.hasSuffix("xxx...") && text.count < 5000)
  }
}
