import Foundation
import PluginHost
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
}
