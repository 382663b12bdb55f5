import Foundation
import Glibc
import ModelIO
import TestSupport
import Testing

/// Standard output belongs to results.
@Suite struct OutputTests {
  @Test(
    "what a plugin writes to descriptor 1 goes to standard error, and results stay whole",
    .enabled(if: CCompiler.path != nil),
    arguments: [
      "compress --model model --recipe r.json5 --output out --force", "plan --model model --recipe r.json5",
      "plugins list", "plugins info test-plugin",
      "plugins validate prints.so --in-process --only loads-with-all-symbols",
    ])
  func plugin(line: String) throws {
    let bench = try CommandBench(recipe: "{ strategy: 'test-plugin' }")
    let plugin = try CCompiler.plugin("prints", into: bench.folder)
    let json = try bench.lathe("\(line) --json --plugin \(plugin)")
    #expect(json.status == 0, "\(json.errors)")
    #expect(throws: Never.self, "\(json.output)") { try JSON(parsing: json.output) }
    #expect(json.errors.contains("buffered words\n") && json.errors.contains("direct words\n"))
    let text = try bench.lathe("\(line) --plugin \(plugin)")
    #expect(text.status == 0 && !text.output.isEmpty && !text.output.contains(" words"), "\(text.output)")
  }

  @Test("a result that cannot be written is a failure with a sentence", arguments: ["/dev/full", "&-"])
  func lost(place: String) throws {
    let bench = try CommandBench()
    for words in ["doctor", "inspect model --json", "--version", "help plan"] {
      let run = try ChildProcess.run(
        "/bin/sh", ["-c", "exec \"$0\" \(words) >\(place)", BuildFolder.lathe], folder: bench.folder.path)
      #expect(run.status == 1 && run.complaints.count == 1, "\(run.errors)")
      #expect(run.errors.contains("standard output cannot be written"), "\(run.errors)")
    }
  }

  @Test(
    "a standard error that takes nothing changes neither result nor status", arguments: ["/dev/full", "&-"])
  func noErrors(place: String) throws {
    let bench = try CommandBench()
    for (words, status) in [
      ("plan --model model --recipe r.json5", 0), ("inspect model", 0), ("inspect none", 1),
    ] {
      let expected = try bench.lathe(words)
      let run = try ChildProcess.run(
        "/bin/sh", ["-c", "exec \"$0\" \(words) 2>\(place)", BuildFolder.lathe],
        environment: ["LATHE_PLUGIN_PATH": BuildFolder.path], folder: bench.folder.path)
      #expect(run.status == Int32(status) && run.output == expected.output)
      let neither = try ChildProcess.run(
        "/bin/sh", ["-c", "exec \"$0\" \(words) >&- 2>\(place)", BuildFolder.lathe],
        environment: ["LATHE_PLUGIN_PATH": BuildFolder.path], folder: bench.folder.path)
      #expect(neither.status == 1)
    }
  }

  @Test("a reader that goes away ends the command without a word")
  func goneReader() throws {
    let bench = try CommandBench()
    // The pipe is closed before the command writes.
    let run = try ChildProcess.run(
      "/bin/sh",
      ["-c", "{ sleep 0.3; \"$0\" inspect model; echo $? >status; } | true", BuildFolder.lathe],
      folder: bench.folder.path)
    #expect(run.errors.isEmpty, "\(run.errors)")
    let status = try String(contentsOfFile: bench.folder.file("status"), encoding: .utf8)
    #expect(status == "\(128 + SIGPIPE)\n")
  }
}
