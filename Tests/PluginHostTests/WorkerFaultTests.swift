import Foundation
import Graph
import ModelIO
import PluginHost
import Synchronization
import Tensors
import TestSupport
import Testing

/// What a worker process can do to its parent: nothing but an error.
@Suite struct WorkerFaultTests {
  private static let isolation = Isolation(executable: BuildFolder.lathe, silenceLimit: 120)

  /// The error of a whole run of `library` in a worker, with `note` as its parameter.
  private func run(_ library: String, note: String, limit: Double = 120) throws -> String? {
    let bench = try PluginBench()
    let library = try bench.library(library)
    var isolation = Self.isolation
    isolation.silenceLimit = limit
    return complaint {
      let instance = try bench.instance(library, ["note": .string(note)], isolation: isolation)
      _ = try instance.plan(bench.environment, bench.snapshot)
      _ = try instance.compress(block: 0, bench.environment, bench.snapshot, nil)
      _ = try instance.finish(bench.environment, bench.snapshot)
    }
  }

  private static func finished(requests: String) -> String {
    "{\"finished\":{\"_0\":{\"status\":0,\"replacements\":{},\"scalings\":{},\"vectors\":{},\"unanswered\":[],"
      + "\"requests\":[\(requests)]}}}"
  }

  private static func request(
    kind: Int = 1, node: Int = 0, rows: Int = 0, phases: Int = 3, type: String = "F32"
  ) -> String {
    "{\"kind\":\(kind),\"node\":\(node),\"upstream\":{\"original\":{}},\"phases\":\(phases),"
      + "\"elementType\":\"\(type)\",\"maximumRows\":\(rows)}"
  }

  @Test(
    "a request for statistics that no host table would take is an error that names the plugin",
    .enabled(if: CCompiler.path != nil),
    arguments: [
      (request(node: 99999), "node 99999 does not exist"), (request(node: -1), "node -1 does not exist"),
      (request(kind: 3, rows: -1), "-1 rows"), (request(kind: 5, rows: Int.max), "\(Int.max) rows"),
      (request(kind: 6), "cannot be computed"), (request(kind: 2), "not declared"),
      (request(phases: 0), "phases"), (request(phases: 4), "phases"), (request(type: "BF16"), "f32 or f64"),
    ])
  func forgedRequests(request: String, part: String) throws {
    let text = try run("isolate-forge", note: "p" + Self.finished(requests: request))
    #expect(text?.contains("impossible request") == true && text?.contains(part) == true, "\(text ?? "")")
    #expect(text?.contains("/isolate-forge.so, in plan") == true, "\(text ?? "")")
  }

  @Test(
    "a forged message that asks for nothing wrong is taken, and one outside plan may ask for nothing",
    .enabled(if: CCompiler.path != nil))
  func forgedPhases() throws {
    let request = Self.request(kind: 3, rows: 1 << 20)
    #expect(try run("isolate-forge", note: "p" + Self.finished(requests: request)) == nil)
    let late = try run("isolate-forge", note: "c" + Self.finished(requests: request))
    #expect(late?.contains("only be requested in plan") == true, "\(late ?? "")")
  }

  @Test(
    "what a worker says of nodes that do not exist is an error",
    .enabled(if: CCompiler.path != nil),
    arguments: [
      "{\"report\":{\"key\":\"x\",\"node\":-5,\"_2\":{\"metric\":{\"_0\":1}}}}",
      "{\"report\":{\"key\":\"x\",\"node\":1000000,\"_2\":{\"metric\":{\"_0\":1}}}}",
    ])
  func forgedNews(message: String) throws {
    let text = try run("isolate-forge", note: "c" + message)
    #expect(text?.contains("node that does not exist") == true, "\(text ?? "")")
  }

  @Test("scales that are not finite are an error", .enabled(if: CCompiler.path != nil))
  func forgedScales() throws {
    let bench = try PluginBench()
    let scales = (0..<bench.model.nodes[0].inFeatures).map { $0 == 0 ? "\"nan\"" : "1" }
    let message = Self.finished(requests: "").replacing(
      "\"scalings\":{}", with: "\"scalings\":{\"0\":{\"input\":[\(scales.joined(separator: ","))]}}")
    let text = try run("isolate-forge", note: "c" + message)
    #expect(text?.contains("impossible scales") == true, "\(text ?? "")")
  }

  @Test(
    "what a plugin does to its connection is a sentence that names the cause, in time",
    .enabled(if: CCompiler.path != nil),
    arguments: [
      ("cut-page", "the page cannot be cut off"), ("child-crash", "crashed (SIGSEGV)"),
      ("half-socket", "cut the connection of its worker process to Lathe"),
      ("says-cancelled", "failed in compress of block 0 (interrupted): it says that it was told to stop"),
      ("long-message", "a message that cannot be read (of 1073741824 bytes, and 256 MiB is the most)"),
    ])
  func connection(act: String, part: String) throws {
    let start = ContinuousClock.now
    let text = try run("isolate-acts", note: act)
    #expect(text?.contains(part) == true && text?.contains("/isolate-acts.so") == true, "\(text ?? "")")
    #expect(start.duration(to: .now) < .seconds(30))
  }

  @Test(
    "a plugin that writes to all its descriptors does not reach what earlier blocks gave",
    .enabled(if: CCompiler.path != nil))
  func overwrite() throws {
    let bench = try PluginBench()
    let scratch = try #require(bench.environment.scratch)
    let instance = try bench.instance(
      bench.library("isolate-acts"), ["note": "overwrite"], isolation: Self.isolation)
    _ = try instance.plan(bench.environment, bench.snapshot)
    let first = try instance.compress(block: 0, bench.environment, bench.snapshot, nil)
    var model = bench.model
    for (index, linear) in first.linears {
      // As a stage does with every layer that a plugin replaced.
      let kept = try linear.mapTensors { (tensor) throws(TensorError) in try scratch.keep(tensor) }
      try model.replace(model.nodes[index], with: kept)
    }
    let hashes = model.linears.flatMap(\.storedTensors).map { SHA256.hex(of: $0.tensor) }
    let second = try instance.compress(block: 1, bench.environment, ModelSnapshot(model), nil)
    #expect(first.linears.count == 1 && second.linears.count == 1)
    #expect(model.linears.flatMap(\.storedTensors).map { SHA256.hex(of: $0.tensor) } == hashes)
  }

  @Test(
    "an instance that does not end as it should is a warning with the reason",
    .enabled(if: CCompiler.path != nil),
    arguments: [
      ("exit-in-destroy", "exit status 0"), ("hang-in-destroy", "from ending for 1 second, so it was ended"),
      ("", nil),
    ] as [(String, String?)])
  func destroy(act: String, part: String?) throws {
    var bench = try PluginBench()
    let lines = Lines()
    bench.environment.log = { level, text in lines.add("\(level) \(text)") }
    var isolation = Self.isolation
    isolation.silenceLimit = act == "hang-in-destroy" ? 1 : 120
    do {
      let instance = try bench.instance(
        bench.library("isolate-acts"), ["note": .string(act)], isolation: isolation)
      _ = try instance.plan(bench.environment, bench.snapshot)
    }
    let warnings = lines.all.filter { $0.hasPrefix("warning") }
    guard let part else {
      #expect(warnings == [])
      return
    }
    #expect(
      warnings.count == 1 && warnings[0].contains("in destroy") && warnings[0].contains(part), "\(warnings)")
  }

  @Test("a hundred thousand requests take no time", .enabled(if: CCompiler.path != nil))
  func manyRequests() throws {
    let bench = try PluginBench()
    let instance = try bench.instance(bench.library("isolate-acts"), ["note": "many-requests"])
    let start = ContinuousClock.now
    #expect(try instance.plan(bench.environment, bench.snapshot).count == 100_000)
    #expect(start.duration(to: .now) < .seconds(20))
  }

  @Test("nobody is asked for statistics after an interruption", .enabled(if: CCompiler.path != nil))
  func cancelledRequests() throws {
    let bench = try PluginBench(isCancelled: { true })
    let instance = try bench.instance(bench.library("isolate-acts"), ["note": "many-requests"])
    #expect(throws: PluginHostError.self) { try instance.plan(bench.environment, bench.snapshot) }
  }
}

/// What was logged.
private final class Lines: Sendable {
  private let lines = Mutex<[String]>([])
  var all: [String] { lines.withLock { $0 } }
  func add(_ line: String) { lines.withLock { $0.append(line) } }
}
