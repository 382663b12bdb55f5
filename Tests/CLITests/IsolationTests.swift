import Foundation
import Glibc
import TestSupport
import Testing

/// The command's worker processes: what a user sees, and what is left.
@Suite struct IsolationTests {
  private static let compress = "compress --model model --recipe r.json5 --output out"

  /// Processes with `marker` in their environment.
  private func processes(_ marker: String) -> [Int32] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap(Int32.init).filter { pid in
      guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/environ") else { return false }
      return String(decoding: data, as: UTF8.self).contains(marker)
    }
  }

  /// Whether no process with `marker` is left, within some seconds.
  private func allGone(_ marker: String) -> Bool {
    for _ in 0..<500 {
      if processes(marker).isEmpty { return true }
      usleep(10_000)
    }
    return false
  }

  @Test("the folder of an isolated run is the same bytes as that of a run in one process", arguments: [1, 2])
  func bytes(threads: Int) throws {
    let bench = try CommandBench()
    #expect(try bench.compress().status == 0)
    let run = try bench.lathe(
      "compress --model model --recipe r.json5 --output out2 --isolate --threads \(threads)")
    #expect(run.status == 0, "\(run.errors)")
    let isolated = bench.folder.contents(of: "out2")
    #expect(isolated == bench.folder.contents(of: "out") && isolated.count == 4)
  }

  @Test("one stage of a recipe may be isolated, and a forecast through it is the same")
  func oneStage() throws {
    let stages = "{ strategy: 'svdllm-v2', keep: 0.6 }, { strategy: 'quantize', bits: 4, group_size: 16"
    let plain = try CommandBench(recipe: "\(stages) }")
    let isolated = try CommandBench(recipe: "\(stages), isolate: true }")
    for bench in [plain, isolated] { #expect(try bench.compress().status == 0) }
    #expect(plain.folder.contents(of: "out") == isolated.folder.contents(of: "out"))
    let plans = try [plain, isolated].map { try $0.lathe("plan --model model --recipe r.json5") }
    #expect(plans[0].output == plans[1].output && plans[1].status == 0)
  }

  @Test(
    "an isolated plugin that breaks its process leaves one sentence, status 1, no folder and no process",
    .enabled(if: CCompiler.path != nil),
    arguments: [
      ("kill", "was killed (SIGKILL)"), ("crash", "crashed (SIGSEGV)"), ("exit", "exit status 0"),
      ("write", "only lent to it for reading"), ("hang", "for 2 seconds (--isolate-limit)"),
      ("memory", "more memory than the 1 GiB that --isolate-memory allows"),
    ])
  func zoo(name: String, part: String) throws {
    let bench = try CommandBench(
      recipe: "{ strategy: 'quantize', bits: 8, include: ['*.0.*'] }, { strategy: 'test-plugin' }")
    let plugin = try CCompiler.plugin("isolate-\(name)", into: bench.folder)
    let marker = "LATHE_TEST_\(name)_\(getpid())"
    try bench.expectRefusal(
      part, "stage 1", plugin, "compress of block 1",
      arguments:
        "\(Self.compress) --isolate --isolate-limit \(name == "hang" ? 2 : 120) --isolate-memory 1GiB --plugin \(plugin)",
      environment: [marker: "1"], leftovers: ["isolate-\(name).so"])
    #expect(processes("\(marker)=1") == [])
  }

  @Test(
    "Ctrl-C, and the end of the parent by force, end a worker that asks and one that never does",
    .enabled(if: CCompiler.path != nil),
    arguments: [("poll", SIGINT), ("hang", SIGINT), ("hang", SIGKILL)])
  func interrupted(name: String, signal: Int32) throws {
    let bench = try CommandBench(recipe: "{ strategy: 'test-plugin' }")
    let plugin = try CCompiler.plugin("isolate-\(name)", into: bench.folder)
    let marker = "LATHE_TEST_\(name)_\(signal)_\(getpid())"
    let run = try bench.lathe(
      "\(Self.compress) --isolate --plugin \(plugin)".split(separator: " ").map(String.init),
      environment: [marker: "1"]
    ) { process in
      let isWorking = { bench.folder.names().contains { $0.hasPrefix(".out.partial") } }
      for _ in 0..<3000 where process.isRunning && !isWorking() { usleep(10_000) }
      usleep(1_000_000)
      kill(process.processIdentifier, signal)
    }
    #expect(run.status == (signal == SIGINT ? 130 : 128 + signal), "\(run.errors)")
    if signal == SIGINT {
      #expect(run.complaints == ["lathe: interrupted; nothing was written"], "\(run.errors)")
      #expect(bench.leftovers == ["isolate-\(name).so"])
    }
    #expect(allGone("\(marker)=1"))
  }

  @Test(
    "a limit without an isolated stage, and a value that is none, are wrong use",
    arguments: [
      ("--isolate-limit 5", "add --isolate"), ("--isolate --isolate-limit 0", "above 0"),
      ("--isolate --isolate-memory 3", "at least 64MiB"),
      ("--isolate --isolate-memory lots", "at least 64MiB"),
      ("--isolate --isolate-memory 99999999999TiB", "at least 64MiB"),
      ("--isolate-memory 4GiB", "add --isolate"),
    ])
  func usage(options: String, part: String) throws {
    let run = try CommandBench().lathe("\(Self.compress) \(options)")
    #expect(run.status == 2 && run.errors.contains(part), "\(run.errors)")
  }

  @Test(
    "a library that does not load in a worker with little memory names the limit and its option",
    .enabled(if: CCompiler.path != nil), arguments: ["isolate-large", "no_entry"])
  func loading(name: String) throws {
    let bench = try CommandBench(recipe: "{ strategy: 'test-plugin' }")
    let plugin = try CCompiler.plugin(name, into: bench.folder)
    try bench.expectRefusal(
      plugin, "cannot be used as a plugin", "64 MiB", "--isolate-memory",
      arguments: "\(Self.compress) --isolate --isolate-memory 64MiB --plugin \(plugin)",
      leftovers: ["\(name).so"])
    let unlimited = try bench.lathe("\(Self.compress) --isolate --plugin \(plugin)")
    #expect(!unlimited.errors.contains("memory"), "\(unlimited.errors)")
  }

  @Test("the worker's own command does nothing when a person types it")
  func hidden() throws {
    for words in ["plugin-worker", "plugin-worker 5", "plugin-worker x y"] {
      let run = try CommandBench().lathe(words)
      #expect(run.status == 2 && run.errors.contains("started by Lathe itself"), "\(run.errors)")
    }
  }

  @Test("what a plugin started ends with it", .enabled(if: CCompiler.path != nil))
  func children() throws {
    let bench = try CommandBench(recipe: "{ strategy: 'test-plugin', note: 'child' }")
    let plugin = try CCompiler.plugin("isolate-acts", into: bench.folder)
    let marker = "LATHE_TEST_child_\(getpid())"
    let run = try bench.lathe(
      "\(Self.compress) --isolate --plugin \(plugin)".split(separator: " ").map(String.init),
      environment: [marker: "1"])
    #expect(run.status == 0, "\(run.errors)")
    #expect(allGone("\(marker)=1"))
  }

  @Test("Ctrl-C ends a library that hangs while it is loaded", .enabled(if: CCompiler.path != nil))
  func interruptedLoad() throws {
    let bench = try CommandBench(recipe: "{ strategy: 'test-plugin' }")
    let plugin = try CCompiler.plugin("isolate-load-hang", into: bench.folder)
    let marker = "LATHE_TEST_load_\(getpid())"
    var interrupted = ContinuousClock.now
    let run = try bench.lathe(
      "\(Self.compress) --isolate --plugin \(plugin)".split(separator: " ").map(String.init),
      environment: [marker: "1"]
    ) { process in
      for _ in 0..<3000 where process.isRunning && processes("\(marker)=1").count < 2 { usleep(10_000) }
      usleep(200_000)
      interrupted = .now
      kill(process.processIdentifier, SIGINT)
    }
    #expect(run.status == 130 && interrupted.duration(to: .now) < .seconds(10), "\(run.errors)")
    #expect(allGone("\(marker)=1"))
  }
}
