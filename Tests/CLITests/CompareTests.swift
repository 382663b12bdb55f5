import ModelIO
import Tensors
import TestSupport
import Testing

/// `lathe compare`
@Suite struct CompareTests {
  /// Relative errors by name of what `compare model out` lists.
  private func errors(_ bench: CommandBench, _ other: String) throws -> [String: Double?] {
    let run = try bench.lathe("compare model \(other) --json")
    #expect(run.status == 0, "\(run.errors)")
    let rows = try #require(try JSON(parsing: run.output).arrayValue)
    return Dictionary(
      uniqueKeysWithValues: rows.map { ($0["name"]?.stringValue ?? "", $0["relative_error"]?.doubleValue) })
  }

  /// `||A - B|| / ||A||` of every tensor of `out`, multiplied out, as it is stored.
  private func storedErrors(_ bench: CommandBench) throws -> [String: Double] {
    let export = try bench.lathe("export --model out --format dense --output plain --remultiply")
    #expect(export.status == 0, "\(export.errors)")
    let files = try ["model", "plain"].map {
      try SafetensorsFile(path: bench.folder.file("\($0)/model.safetensors"))
    }
    return try Dictionary(
      uniqueKeysWithValues: files[0].names.map { name in
        let (a, b) = (try files[0].tensor(named: name).doubles(), try files[1].tensor(named: name).doubles())
        let difference = zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        return (name, (difference / a.reduce(0) { $0 + $1 * $1 }).squareRoot())
      })
  }

  @Test("a model does not differ from itself")
  func same() throws {
    let bench = try CommandBench()
    #expect(try errors(bench, "model").values.allSatisfy { $0 == 0 })
    let text = try bench.lathe("compare model model").output
    #expect(text.split(separator: "\n").count == 1 && text.contains("100"), "\(text)")
  }

  @Test("the error of a layer is that of the matrix its factors and codes stand for")
  func stored() throws {
    let bench = try CommandBench()
    #expect(try bench.compress().status == 0)
    let found = try errors(bench, "out")
    for (tensor, error) in try storedErrors(bench) {
      let own = try #require(
        found[tensor] ?? found[tensor.replacing(".weight", with: "")] ?? nil, "\(tensor)")
      #expect(abs(own - error) < 1e-3 * error + 1e-7, "\(tensor)")
    }
    #expect(found.values.contains { ($0 ?? 0) > 0.01 })
  }

  @Test("scales that were moved into norms and other layers are no error")
  func scaled() throws {
    let bench = try CommandBench(recipe: "{ strategy: 'quantize', method: 'awq', bits: 8, group_size: 16 }")
    #expect(try bench.compress().status == 0)
    let (found, stored) = (try errors(bench, "out"), try storedErrors(bench))
    let layers = found.keys.filter { $0.contains("proj") }
    #expect(layers.contains { (stored["\($0).weight"] ?? 0) > 0.05 })
    for layer in layers { #expect(try #require(found[layer] ?? nil) < 0.02, "\(layer)") }
    // The norms took the scales up.
    #expect(found.contains { $0.key.contains("norm") && ($0.value ?? 0) > 0.05 })
  }

  @Test("layers of other sizes have no error, and a folder that is no model is refused")
  func different() throws {
    let bench = try CommandBench()
    let other = try CommandBench(family: .qwen3)
    let run = try bench.lathe("compare model \(other.folder.file("model")) --json")
    #expect(run.status == 0, "\(run.errors)")
    let refused = try bench.lathe("compare model nowhere")
    #expect(refused.status == 1 && refused.complaints.count == 1 && refused.errors.contains("nowhere"))
    #expect(try bench.lathe("compare model").status == 2)
  }
}
