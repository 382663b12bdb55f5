import Foundation
import ModelIO
import Tensors
import TestSupport
import Testing

/// The plugins of examples/plugins, built by their own build files, at work. A language whose compiler is missing is
/// left out, and `compilers` says so.
@Suite struct ExamplePluginTests {
  @Test("the compilers of all examples are there", .disabled(if: ExamplePlugin.available.count == 6))
  func compilers() {
    let missing = ExamplePlugin.allCases.filter { !ExamplePlugin.available.contains($0) }
    withKnownIssue("no compiler for \(missing.map(\.rawValue).joined(separator: ", ")), so not tested") {
      #expect(missing.isEmpty)
    }
  }

  @Test(
    "every example runs between svdllm-v2 and quantize, with the same bytes for one and two threads",
    arguments: ExamplePlugin.available)
  func chain(example: ExamplePlugin) throws {
    let keep = ExamplePlugin.lowRank.contains(example) ? ", keep: 0.7" : ""
    let bench = try CommandBench(
      recipe: """
        { strategy: 'svdllm-v2', keep: 0.8 }, { strategy: '\(example.strategy)'\(keep) },
        { strategy: 'quantize', bits: 4, group_size: 16 }
        """)
    let library = try example.library()
    var results: [[String: Data]] = []
    for threads in [1, 2] {
      let run = try bench.lathe(
        "compress --model model --recipe r.json5 --plugin \(library) --threads \(threads) --output out\(threads)"
      )
      try #require(run.status == 0, "\(run.errors)")
      results.append(bench.folder.contents(of: "out\(threads)"))
    }
    #expect(!results[0].isEmpty && results[0] == results[1])
  }

  @Test(
    "a low-rank example meets its budget within one rank, keeps biases, reports, and its forecast is exact",
    arguments: ExamplePlugin.lowRank, [0.85, 0.5])
  func budget(example: ExamplePlugin, keep: Double) throws {
    let bench = try CommandBench(recipe: "{ strategy: '\(example.strategy)', keep: \(keep) }", family: .qwen2)
    let library = try example.library()
    let plan = try json(bench.lathe("plan --json --model model --recipe r.json5 --plugin \(library)"))
    let report = try json(
      bench.lathe("compress --json --model model --recipe r.json5 --plugin \(library) --output out"))
    let forecast = plan["linears"]?.arrayValue?.compactMap { $0["bytes"]?.intValue } ?? []
    let layers = try #require(report["linears"]?.arrayValue)
    let made = layers.compactMap { $0["bytes"]?.intValue }
    #expect(made.count == layers.count && forecast == made)
    #expect(plan["tensor_bytes_after"] == report["size"]?["tensor_bytes_after"])

    let target = try #require(plan["stages"]?.arrayValue?.first?["budget_bytes"]?.intValue)
    let selected = layers.filter { $0["name"]?.stringValue?.hasPrefix("model.layers") == true }
    let used = selected.compactMap { $0["bytes"]?.intValue }.reduce(0, +)
    let sides = selected.compactMap { $0["shape"]?.arrayValue?.compactMap(\.intValue).reduce(0, +) }
    let rankBytes = 2 * (try #require(sides.max()))
    #expect(used <= target && used > target - rankBytes)

    let before = try SafetensorsFile(path: bench.folder.file("model/model.safetensors"))
    let after = try SafetensorsFile(path: bench.folder.file("out/model.safetensors"))
    let biases = before.names.filter { $0.hasSuffix(".bias") }
    #expect(!biases.isEmpty)
    for name in biases { #expect(before[name]?.bytes == after[name]?.bytes, "\(name)") }
    let metrics = selected.compactMap { $0["metrics"]?["0:\(example.strategy)"] }
    #expect(
      metrics.contains { ($0["rank"]?.doubleValue ?? 0) > 0 && ($0["relative_error"]?.doubleValue ?? 0) > 0 })
  }

  @Test("a budget below rank 1 is refused with a sentence", arguments: ExamplePlugin.lowRank)
  func tooSmall(example: ExamplePlugin) throws {
    let bench = try CommandBench(recipe: "{ strategy: '\(example.strategy)', keep: 0.01 }")
    let run = try bench.lathe(
      "compress --model model --recipe r.json5 --plugin \(try example.library()) --output out")
    #expect(run.status == 1 && run.errors.contains("raise keep"), "\(run.errors)")
    #expect(bench.leftovers == [])
  }

  @Test(
    "wanda leaves n of every m and the rest of the numbers as they are, in as many bytes",
    .enabled(if: ExamplePlugin.available.contains(.wanda), "there is no cargo"))
  func wanda() throws {
    let bench = try CommandBench(recipe: "{ strategy: 'example.wanda', sparsity: 0.5, group: 4 }")
    let library = try ExamplePlugin.wanda.library()
    let run = try bench.lathe("compress --model model --recipe r.json5 --plugin \(library) --output out")
    try #require(run.status == 0, "\(run.errors)")
    let before = try SafetensorsFile(path: bench.folder.file("model/model.safetensors"))
    let after = try SafetensorsFile(path: bench.folder.file("out/model.safetensors"))
    let names = before.names.filter { $0.contains("_proj.weight") }
    #expect(names.count == 14)
    for name in names {
      let (old, new) = (try #require(before[name]).floats, try #require(after[name]).floats)
      try #require(old.count == new.count && old.count.isMultiple(of: 4))
      for start in stride(from: 0, to: old.count, by: 4) {
        #expect(new[start..<start + 4].count { $0 == 0 } == 2)
      }
      #expect(zip(old, new).allSatisfy { $1 == 0 || $0 == $1 })
    }
  }

  @Test(
    "the validator finds nothing in what examples are most likely to get wrong",
    arguments: ExamplePlugin.available)
  func validated(example: ExamplePlugin) throws {
    let cases = [
      "exports-only-entry", "completes-a-run", "forecast-is-kept", "meets-its-budget",
      "failures-are-explained",
      "stops-when-cancelled", "factored-layers", "no-tensor-leaks",
    ]
    let words = cases.map { "--only \($0)" }.joined(separator: " ")
    let run = try CommandBench().lathe("plugins validate \(try example.library()) \(words)")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
  }

  private func json(_ run: ChildProcess) throws -> JSON {
    try #require(run.status == 0, "\(run.errors)")
    return try JSON(parsing: run.output)
  }
}

extension Tensor {
  fileprivate var bytes: [UInt8] { withBytes { Array($0) } }

  fileprivate var floats: [Float] {
    var values = [Float](repeating: 0, count: elementCount)
    values.withUnsafeMutableBufferPointer { buffer in
      if let base = buffer.baseAddress { try? copyFloats(to: base) }
    }
    return values
  }
}
