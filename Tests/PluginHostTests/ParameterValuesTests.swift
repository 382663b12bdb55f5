import Foundation
import ModelIO
import PluginHost
import TestSupport
import Testing

/// The parameters of the plugins that ship with Lathe, as any strategy's are checked.
@Suite struct ParameterValuesTests {
  private func info(_ id: String) throws -> StrategyInfo {
    let (library, index) = try PluginSearch(explicit: BuildFolder.plugins).strategy(id)
    return library.strategies[index]
  }

  @Test("absent parameters take their defaults, given ones their values")
  func defaults() throws {
    let quantize = try info("quantize")
    let values = try ParameterValues(["bits": 3], for: quantize)
    #expect(values.values["bits"] == .int(3))
    #expect(values.values["group_size"] == .int(64))
    #expect(values.values["symmetric"] == .int(0))
    #expect(values.values["method"] == .text("rtn"))
    #expect(values.json(for: quantize)["symmetric"] == .bool(false))
    // What is written back reads the same.
    #expect(try ParameterValues(values.json(for: quantize), for: quantize).values == values.values)
  }

  @Test(
    "a wrong parameter is refused with its key, what was given and what it must be",
    arguments: [
      ("quantize", "bit", "4", "did you mean \"bits\"?"), ("quantize", "bits", "1", "2 to 8"),
      ("quantize", "bits", "9", "2 to 8"), ("quantize", "bits", "4.5", "an integer, 2 to 8"),
      ("quantize", "bits", "\"4\"", "is \"4\"; it must be an integer, 2 to 8"),
      ("quantize", "bits", "null", "is null; it must be an integer"),
      ("quantize", "symmetric", "1", "is 1; it must be true or false"),
      ("quantize", "method", "\"rnt\"", "did you mean \"rtn\"?"),
      ("quantize", "group_size", "-1", "0 to 65536"), ("quantize", "kep", "0.5", "did you mean \"keep\"?"),
      ("svdllm-v2", "allocation", "\"uniformly\"", "did you mean \"uniform\"?"),
      ("svdllm-v2", "clamp", "1.5", "0.0 to 1.0"), ("svdllm-v2", "clamp", "-1e-9", "0.0 to 1.0"),
      ("svdllm-v2", "clamp", "[0.5]", "is [0.5]; it must be a number"),
      ("svdllm-v2", "nonsense", "1", "no parameter \"nonsense\""),
    ])
  func wrong(strategy: String, key: String, value: String, part: String) throws {
    let info = try info(strategy)
    let json = try JSON(parsing: value, dialect: .json5)
    let text = try #require(complaint { try ParameterValues(JSONObject([(key, json)]), for: info) })
    #expect(text.contains(part) && text.contains("\"\(key)\"") && text.contains(strategy), "\(text)")
  }

  @Test("the distance between words is Levenshtein's")
  func spelling() {
    #expect(Spelling.nearest(to: "quantise", in: ["quantize", "svdllm-v2"]) == "quantize")
    #expect(Spelling.nearest(to: "xyzzy", in: ["quantize", "keep"]) == nil)
    #expect(Spelling.nearest(to: "a", in: []) == nil)
    #expect(Spelling.nearest(to: "", in: ["ab", "abcd"]) == "ab")
    let ids = ["prune", "yourname.mixed-prune"]
    #expect(Spelling.nearest(toID: "mixed-prune", in: ids) == "yourname.mixed-prune")
    #expect(Spelling.nearest(toID: "mixd-prune", in: ids) == "yourname.mixed-prune")
    #expect(Spelling.nearest(toID: "yourname.mixed-prun", in: ids) == "yourname.mixed-prune")
    #expect(Spelling.nearest(toID: "prunes", in: ids) == "prune")
    #expect(Spelling.nearest(toID: "xyzzy", in: ids) == nil)
    // A word that was refused is no suggestion.
    #expect(Spelling.nearest(to: "keep", in: ["keep", "steps"]) == nil)
  }
}
