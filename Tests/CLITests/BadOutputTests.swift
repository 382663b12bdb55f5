import Foundation
import Glibc
import ModelIO
import Tensors
import TestSupport
import Testing

/// Each way the place of the output can be bad: one sentence, a status that is not 0, and no output folder.
@Suite struct BadOutputTests {
  @Test("an output that exists is refused and stays; --force replaces it")
  func output() throws {
    let bench = try CommandBench(recipe: "{ strategy: 'quantize' }")
    try FileManager.default.createDirectory(
      atPath: bench.folder.file("out"), withIntermediateDirectories: false)
    try bench.folder.write("mine", to: "out/a.txt")
    try bench.expectRefusal("out", "exists already", "--force", leftovers: ["out"])
    #expect(bench.folder.names(in: "out") == ["a.txt"])
    #expect(try bench.compress("--force").status == 0)
    #expect(bench.folder.names(in: "out").contains("lathe.json"))
  }

  @Test("a file that may not grow gives one sentence and leaves nothing", arguments: [1, 8, 16, 40])
  func fullDisk(kilobytes: Int) throws {
    let bench = try CommandBench()
    // Blocks of 512 bytes.
    let run = try ChildProcess.run(
      "/bin/sh",
      [
        "-c", "ulimit -f \(2 * kilobytes); exec \"$0\" compress --model model --recipe r.json5 --output out",
        BuildFolder.lathe,
      ],
      environment: ["LATHE_PLUGIN_PATH": BuildFolder.path],
      folder: bench.folder.path)
    #expect(run.status == 1, "\(run.errors)")
    #expect(run.complaints.count == 1, "\(run.errors)")
    let sentence = run.complaints.first ?? ""
    #expect(sentence.contains("File too large") || sentence.contains("file system allows"), "\(sentence)")
    #expect(bench.leftovers == [])
  }

  @Test(
    "a disk without space gives one sentence and leaves nothing", .enabled(if: geteuid() == 0),
    arguments: [24, 60])
  func smallDisk(kilobytes: Int) throws {
    let bench = try CommandBench()
    let place = bench.folder.file("disk")
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
    let mount = try ChildProcess.run(
      "/usr/bin/env", ["mount", "-t", "tmpfs", "-o", "size=\(kilobytes)k", "tmpfs", place])
    // A container may forbid it.
    guard mount.status == 0 else { return }
    defer { _ = try? ChildProcess.run("/usr/bin/env", ["umount", "-l", place]) }
    let run = try bench.lathe("compress --model model --recipe r.json5 --output disk/out")
    #expect(run.status == 1 && run.complaints.count == 1, "\(run.errors)")
    #expect(run.complaints.first?.contains("free") == true, "\(run.errors)")
    #expect(bench.folder.names(in: "disk") == [])
  }
}
