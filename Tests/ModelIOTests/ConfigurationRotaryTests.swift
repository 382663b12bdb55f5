import Graph
import TestSupport
import Testing

@testable import ModelIO

/// Expected values are what transformers 5.23.0 computes with.
@Suite struct ConfigurationRotaryTests {
  private func json(_ changes: JSONObject) -> JSON {
    var members: JSONObject = [
      "model_type": "llama", "hidden_size": 64, "intermediate_size": 176, "num_hidden_layers": 2,
      "num_attention_heads": 4, "vocab_size": 256, "max_position_embeddings": 512,
    ]
    for (key, value) in changes { members[key] = value }
    return .object(members)
  }

  private func rotary(_ changes: JSONObject) throws -> RotaryConfiguration {
    try ModelConfiguration.parse(json(changes), path: "config.json").rotary
  }

  private func fault(_ changes: JSONObject) -> ConfigurationFault? {
    let json = json(changes)
    let error = failure { () throws(ModelIOError) in try ModelConfiguration.parse(json, path: "config.json") }
    guard case .configuration(_, let fault) = error else { return nil }
    return fault
  }

  @Test("the styles before and since transformers 5 say the same")
  func styles() throws {
    let scalings: [(JSONObject, RotaryConfiguration.Scaling)] = [
      (["rope_type": "default"], .none),
      (["rope_type": "linear", "factor": 4], .linear(factor: 4)),
      (["rope_type": "dynamic", "factor": 2.5], .dynamic(factor: 2.5, originalPositions: 512)),
      (
        [
          "rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4,
          "original_max_position_embeddings": 64,
        ], .llama3(factor: 8, lowFactor: 1, highFactor: 4, originalPositions: 64)
      ),
    ]
    for (parameters, scaling) in scalings {
      var new = parameters
      new["rope_theta"] = 500_000
      var old = parameters
      old["type"] = parameters["rope_type"]
      old["rope_type"] = nil
      let expected = RotaryConfiguration(theta: 500_000, dimensions: 16, scaling: scaling)
      #expect(try rotary(["rope_parameters": .object(new)]) == expected)
      #expect(try rotary(["rope_theta": 5e5, "rope_scaling": .object(parameters)]) == expected)
      #expect(try rotary(["rope_theta": 5e5, "rope_scaling": .object(old)]) == expected)
    }
    // A scaling in the old style replaces all parameters in the new one, the base included.
    let both: JSONObject = [
      "rope_scaling": ["type": "linear", "factor": 2], "rope_parameters": ["rope_theta": 70_000],
    ]
    #expect(
      try rotary(both) == RotaryConfiguration(theta: 10_000, dimensions: 16, scaling: .linear(factor: 2)))
  }

  @Test("YaRN has the paper's defaults and both ways to the attention factor")
  func yarn() throws {
    func yarn(_ changes: JSONObject) throws -> RotaryConfiguration.Scaling {
      var members: JSONObject = ["rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 128]
      for (key, value) in changes { members[key] = value }
      return try rotary(["rope_parameters": .object(members)]).scaling
    }
    let plain = RotaryConfiguration.Scaling.yarn(
      factor: 4, betaFast: 32, betaSlow: 1, originalPositions: 128, attentionFactor: 1.138629436111989,
      truncate: true)
    #expect(try yarn([:]) == plain)
    #expect(try yarn(["factor": nil]) == plain)
    #expect(try yarn(["beta_fast": 0, "mscale": 1, "attention_factor": nil]) == plain)
    let changes: JSONObject = [
      "factor": 40, "mscale": 1.0, "mscale_all_dim": 0.7, "beta_fast": 16, "truncate": false,
    ]
    let scaled = try yarn(changes)
    guard case .yarn(40, 16, 1, 128, let attention, false) = scaled else {
      Issue.record("unexpected \(scaled)")
      return
    }
    #expect(abs(attention - 1.0879546075066122) < 1e-15)
    guard case .yarn(_, _, _, 128, 0.5, _) = try yarn(["attention_factor": 0.5]) else {
      Issue.record("an explicit attention factor was not taken")
      return
    }
  }

  @Test("a part of each head may be rotated")
  func partial() throws {
    #expect(try rotary(["partial_rotary_factor": 0.5]).dimensions == 8)
    #expect(try rotary(["rope_parameters": ["partial_rotary_factor": 0.25]]).dimensions == 4)
    #expect(fault(["partial_rotary_factor": 0.2]) == .oddRotaryDimensions(found: 3, headDimension: 16))
    #expect(fault(["partial_rotary_factor": 0.01]) == .oddRotaryDimensions(found: 0, headDimension: 16))
  }

  @Test("parameters that are missing or without sense are refused by their key")
  func refusals() {
    let known = ["default", "linear", "dynamic", "llama3", "yarn"]
    #expect(
      fault(["rope_scaling": ["type": "longrope", "factor": 2]])
        == .unknownChoice(key: "rope_scaling.type", found: "longrope", known: known))
    #expect(fault(["rope_scaling": ["type": "linear"]]) == .missing(key: "rope_scaling.factor"))
    #expect(
      fault(["rope_parameters": ["full_attention": ["rope_theta": 1e4]]])
        == .rotaryPerLayer(key: "rope_parameters"))
    func key(_ changes: JSONObject) -> String? {
      guard case .senseless(let key, _, _) = fault(changes) else { return nil }
      return key
    }
    #expect(key(["rope_scaling": "linear"]) == "rope_scaling")
    #expect(key(["rope_scaling": ["type": "linear", "factor": 0.5]]) == "rope_scaling.factor")
    let bands: JSON = ["type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4]
    #expect(key(["rope_scaling": bands]) == "rope_scaling.high_freq_factor")
    let betas: JSON = ["type": "yarn", "factor": 8, "beta_fast": 1, "beta_slow": 2]
    #expect(key(["rope_scaling": betas]) == "rope_scaling.beta_fast")
  }

  @Test(
    "the shared models have the rotation they were made with", .enabled(if: Shared.has("golden/llama3-rope")))
  func shared() throws {
    func rotary(_ name: String) throws -> RotaryConfiguration {
      let path = Shared.path("\(name)/config.json")
      return try ModelConfiguration.parse(JSON(contentsOfFile: path), path: path).rotary
    }
    #expect(
      try rotary("golden/llama3-rope")
        == RotaryConfiguration(
          theta: 500_000, dimensions: 16,
          scaling: .llama3(factor: 8, lowFactor: 1, highFactor: 4, originalPositions: 64)))
    #expect(try rotary("golden/qwen3").dimensions == 24)
    #expect(
      try rotary("models/books-5m") == RotaryConfiguration(theta: 10_000, dimensions: 64, scaling: .none))
  }
}
