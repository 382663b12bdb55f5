import Foundation
import Glibc
import TestSupport
import Testing

@Suite struct InterruptionTests {
  /// A compression that takes long enough to be interrupted.
  private func slow() throws -> CommandBench {
    let bench = try CommandBench()
    let recipe =
      "{ lathe: 1, calibration: { text: 'long.txt', samples: 1500, context: 64 }, stages: [{ strategy: 'svdllm-v2', keep: 0.6 }] }"
    try bench.folder.write(SyntheticFolder.text(words: 60000), to: "long.txt")
    try bench.folder.write(recipe, to: "slow.json5")
    return bench
  }

  /// Whether a hidden folder that is being filled exists.
  private func isWorking(_ bench: CommandBench) -> Bool {
    bench.folder.names().contains { $0.hasPrefix(".out.partial") }
  }

  @Test("Ctrl-C and SIGTERM give status 130, one sentence and no folder", arguments: [SIGINT, SIGTERM])
  func interrupt(signal: Int32) throws {
    let bench = try slow()
    let run = try bench.lathe(
      ["compress", "--model", "model", "--recipe", "slow.json5", "--output", "out", "--threads", "1"]
    ) { process in
      for _ in 0..<600 where process.isRunning && !isWorking(bench) { usleep(10_000) }
      usleep(200_000)
      kill(process.processIdentifier, signal)
    }
    #expect(run.status == 130, "\(run.errors)")
    #expect(run.complaints == ["lathe: interrupted; nothing was written"], "\(run.errors)")
    #expect(Set(bench.leftovers) == ["long.txt", "slow.json5"])
  }

  /// `compress` with a plugin that is interrupted once it is at work, and again after `patience` where that is given.
  private func interrupt(plugin name: String, again patience: UInt32?) throws -> ChildProcess {
    let bench = try CommandBench(recipe: "{ strategy: 'test-plugin' }")
    let plugin = try CCompiler.plugin(name, into: bench.folder)
    let line = "compress --model model --recipe r.json5 --output out --plugin \(plugin)"
    return try bench.lathe(line.split(separator: " ").map(String.init)) { process in
      for _ in 0..<3000 where process.isRunning && !isWorking(bench) { usleep(10_000) }
      usleep(1_000_000)
      kill(process.processIdentifier, SIGINT)
      guard let patience else { return }
      usleep(patience)
      kill(process.processIdentifier, SIGINT)
    }
  }

  @Test(
    "who waits for a plugin after Ctrl-C is told so after a second, and what ends it",
    .enabled(if: CCompiler.path != nil))
  func waiting() throws {
    let line = "a second interrupt stops at once\n"
    let stuck = try interrupt(plugin: "isolate-hang", again: 2_500_000)
    #expect(stuck.status == 130 && stuck.errors.components(separatedBy: line).count == 2, "\(stuck.errors)")
    let impatient = try interrupt(plugin: "isolate-hang", again: 200_000)
    #expect(impatient.status == 130 && !impatient.errors.contains(line), "\(impatient.errors)")
    let polite = try interrupt(plugin: "isolate-poll", again: nil)
    #expect(polite.status == 130 && !polite.errors.contains(line), "\(polite.errors)")
  }

  @Test("with --resume the sentence names the folder that holds what is finished")
  func resumable() throws {
    let bench = try slow()
    let journal = bench.folder.file(".out.journal")
    let run = try bench.lathe(
      [
        "compress", "--model", "model", "--recipe", "slow.json5", "--output", "out", "--threads", "1",
        "--resume",
      ]
    ) { process in
      for _ in 0..<600 where process.isRunning && !FileManager.default.fileExists(atPath: journal) {
        usleep(10_000)
      }
      kill(process.processIdentifier, SIGINT)
    }
    #expect(run.status == 130, "\(run.errors)")
    let sentence = try #require(run.complaints.first)
    #expect(
      run.complaints.count == 1 && sentence.contains("removing that folder discards it"), "\(run.errors)")
    #expect(sentence.contains("/.out.journal:"), "\(run.errors)")
    #expect(Set(bench.leftovers) == [".out.journal", "long.txt", "slow.json5"])
  }

  @Test("what a killed process left behind goes with the next run")
  func killed() throws {
    let bench = try slow()
    let run = try bench.lathe(
      ["compress", "--model", "model", "--recipe", "slow.json5", "--output", "out", "--threads", "1"]
    ) { process in
      for _ in 0..<600 where process.isRunning && !isWorking(bench) { usleep(10_000) }
      kill(process.processIdentifier, SIGKILL)
    }
    #expect(run.status == 128 + SIGKILL)
    #expect(isWorking(bench))
    #expect(try bench.compress().status == 0)
    #expect(!isWorking(bench))
    #expect(try bench.lathe("verify out").status == 0)
  }
}
