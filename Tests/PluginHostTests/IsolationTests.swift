import Calibration
import Foundation
import Graph
import LinearAlgebra
import ModelIO
import PluginHost
import Synchronization
import Tensors
import TestSupport
import Testing

/// What a run gave besides layers.
private final class Heard: Sendable {
  let lines = Mutex<[String]>([])
  func add(_ line: String) { lines.withLock { $0.append(line) } }
}

@Suite struct IsolationTests {
  private static let isolation = Isolation(executable: BuildFolder.lathe, silenceLimit: 120)

  /// Every phase of a strategy on a tiny model: the hashes of what it replaced, its report, what it said.
  private func run(
    _ library: PluginLibrary, _ parameters: JSONObject, isolation: Isolation?, threads: Int = 1,
    price: @escaping @Sendable (Node, LinearForm) throws -> Int = { $1.byteCount }
  ) throws -> [String] {
    var bench = try PluginBench(elementType: .bf16)
    let heard = Heard()
    bench.environment.workers = Workers(threads: threads)
    bench.environment.log = { heard.add("\($0) \($1)") }
    bench.environment.progress = { heard.add("progress \($0) \($1)") }
    bench.environment.price = price
    bench.environment.budget =
      bench.environment.selected.reduce(0) { $0 + bench.snapshot.forms[$1].byteCount } / 2
    let instance = try StrategyInstance(
      library, index: 0, parameters: ParameterValues(parameters, for: library.strategies[0]),
      environment: bench.environment, snapshot: bench.snapshot, isolation: isolation)
    let requests = try instance.plan(bench.environment, bench.snapshot)
    var model = bench.model
    let grams = FixedGrams(model)
    for block in 0..<2 where instance.analyzes {
      try instance.analyze(block: block, bench.environment, bench.snapshot, grams)
    }
    try instance.allocate(bench.environment, bench.snapshot)
    var facts = ["\(requests.count) requests, analyzes \(instance.analyzes), forecasts \(instance.forecasts)"]
    for block in 0..<2 {
      // The second block sees what became of the first.
      let changes = try instance.compress(block: block, bench.environment, ModelSnapshot(model), grams)
      for (index, linear) in changes.linears.sorted(by: { $0.key < $1.key }) {
        facts += linear.storedTensors.map {
          "\(index) \($0.name) \($0.tensor.shape) \(SHA256.hex(of: $0.tensor))"
        }
        try model.replace(model.nodes[index], with: linear)
      }
    }
    for node in bench.model.nodes where instance.forecasts {
      facts.append("\(String(describing: try instance.forecast(node, bench.environment, bench.snapshot)))")
    }
    facts += bench.environment.report.stage.map { "\($0)" }
    for node in bench.model.nodes {
      facts += bench.environment.report.entries(node: node.index).map { "\($0)" }
    }
    return facts + heard.lines.withLock { $0 }
  }

  @Test(
    "every service of the ABI gives an isolated plugin the same bytes, reports and messages",
    .enabled(if: CCompiler.path != nil), arguments: [1, 3])
  func everyService(threads: Int) throws {
    let bench = try PluginBench()
    let library = try bench.library("every_service")
    let price: @Sendable (Node, LinearForm) throws -> Int = { $1.byteCount + $0.index }
    let here = try run(library, ["amount": 7, "note": "äbc"], isolation: nil, price: price)
    let there = try run(
      library, ["amount": 7, "note": "äbc"], isolation: Self.isolation, threads: threads, price: price)
    #expect(here == there)
    #expect(
      here.count > 60 && here.contains { $0.contains("facts") }
        && here.contains { $0.hasPrefix("info [test-plugin] ") }
        && here.contains { $0.hasPrefix("progress ") && $0.contains(" [test-plugin] ") })
  }

  @Test(
    "the strategies of this repository give the same bytes in a worker, at any number of threads",
    arguments: ["Quantize", "SVDLLMv2", "AdaSVD"])
  func ownStrategies(name: String) throws {
    let parameters: JSONObject = name == "Quantize" ? ["bits": 3, "group_size": 5] : [:]
    let library = try PluginLibrary(path: BuildFolder.plugin(name))
    let here = try run(library, parameters, isolation: nil)
    #expect(try run(library, parameters, isolation: Self.isolation, threads: 1) == here)
    #expect(try run(library, parameters, isolation: Self.isolation, threads: 3) == here)
  }

  @Test(
    "what a plugin does to its process ends in a sentence with stage, file, phase and block",
    .enabled(if: CCompiler.path != nil),
    arguments: [
      ("kill", "was killed (SIGKILL)"), ("crash", "crashed (SIGSEGV) at a read or write of address 0x0"),
      ("exit", "ended its worker process (exit status 0)"), ("write", "only lent to it for reading"),
      ("hang", "for 1 second (--isolate-limit)"), ("memory", "more memory than the 512 MiB"),
    ])
  func lost(name: String, part: String) throws {
    let bench = try PluginBench()
    let library = try bench.library("isolate-\(name)")
    let isolation = Isolation(
      executable: BuildFolder.lathe, silenceLimit: name == "hang" ? 1 : 120, memoryLimit: 512 << 20)
    let instance = try StrategyInstance(
      library, index: 0, parameters: ParameterValues([:], for: library.strategies[0]),
      environment: bench.environment, snapshot: bench.snapshot, isolation: isolation)
    _ = try instance.plan(bench.environment, bench.snapshot)
    _ = try instance.compress(block: 0, bench.environment, bench.snapshot, nil)
    let text = try #require(
      complaint { try instance.compress(block: 1, bench.environment, bench.snapshot, nil) })
    #expect(text.contains(part) && text.contains("stage 0"), "\(text)")
    #expect(text.contains("/isolate-\(name).so") && text.contains("compress of block 1"), "\(text)")
    // The host goes on; only this instance is gone, and says so again.
    #expect(complaint { try instance.finish(bench.environment, bench.snapshot) } == text)
    #expect(try bench.compress("keeps_every_rule").count == 1)
  }

  @Test("an error that a plugin returns is the same in a worker", .enabled(if: CCompiler.path != nil))
  func returnedErrors() throws {
    let bench = try PluginBench()
    for name in [
      "fails", "fails_silently", "not_finite", "wrong_shape", "other_block", "no_instance",
    ] {
      let library = try bench.library(name)
      let texts = [nil, Self.isolation].map { isolation in
        complaint {
          let instance = try StrategyInstance(
            library, index: 0, parameters: ParameterValues([:], for: library.strategies[0]),
            environment: bench.environment, snapshot: bench.snapshot, isolation: isolation)
          _ = try instance.plan(bench.environment, bench.snapshot)
          _ = try instance.compress(block: 0, bench.environment, bench.snapshot, nil)
        }
      }
      #expect(texts[0] != nil && texts[0] == texts[1], "\(name): \(texts)")
    }
  }

  @Test(
    "a library that crashes while it is loaded is noted and costs nothing else",
    .enabled(if: CCompiler.path != nil))
  func loadCrash() throws {
    let folder = TestFolder()
    let bad = try CCompiler.plugin("isolate-load", into: folder)
    _ = try CCompiler.plugin("keeps_every_rule", into: folder)
    let search = try PluginSearch(explicit: [folder.path], isolation: Self.isolation)
    let note = search.candidates.first { $0.path == bad }?.note
    #expect(note?.contains("crashed (SIGSEGV)") == true, "\(note ?? "")")
    let (library, index) = try search.strategy("test-plugin")
    #expect(library.strategies[index].parameters.count == 2 && library.vendor == "Tests")
    // A stage that is not isolated loads what was only described so far.
    let bench = try PluginBench()
    #expect(complaint { try bench.instance(library) } == nil)
  }

  @Test("what an isolated plugin prints comes as lines of the log", .enabled(if: CCompiler.path != nil))
  func prints() throws {
    let bench = try PluginBench()
    let lines = try run(bench.library("isolate-print"), [:], isolation: Self.isolation)
    for line in ["info [test-plugin] to the output", "info [test-plugin] to the errors"] {
      #expect(lines.filter { $0 == line }.count == 2, "\(lines)")
    }
  }

  @Test("a program that is no worker is named", .enabled(if: CCompiler.path != nil))
  func noWorker() throws {
    let bench = try PluginBench()
    let library = try bench.library("keeps_every_rule")
    for (program, part) in [("/nonexistent/lathe", "could not be started"), ("/bin/true", "exit status 0")] {
      let text = complaint { try run(library, [:], isolation: Isolation(executable: program)) }
      #expect(text?.contains(part) == true, "\(text ?? "")")
    }
  }
}
