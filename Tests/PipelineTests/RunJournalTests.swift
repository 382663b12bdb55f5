import Foundation
import ModelIO
import Pipeline
import Synchronization
import TestSupport
import Testing

private let chain =
  "{ strategy: 'svdllm-v2', keep: 0.8 }, { strategy: 'adasvd', keep: 0.8 }, { strategy: 'quantize' }"

/// Runs that were interrupted go on where they stopped.
@Suite struct RunJournalTests {
  /// Leaves the journal of a run that was interrupted at three quarters, beside the output `whole` of one that was not.
  private func interruptLate(_ bench: PipelineBench, _ recipe: Recipe) throws {
    let whole = Countdown(.max / 2)
    _ = try bench.run(recipe, as: "whole", isCancelled: { whole.isOver })
    let countdown = Countdown((whole.asked + .max / 2) * 3 / 4)
    _ = complaint { try bench.run(recipe, resuming: true, isCancelled: { countdown.isOver }) }
  }

  @Test("interrupted anywhere and resumed, a run gives the bytes of one without interruption")
  func sameBytes() throws {
    let bench = try PipelineBench()
    let recipe = try bench.recipe(chain)
    let whole = Countdown(.max / 2)
    _ = try bench.run(recipe, as: "whole", isCancelled: { whole.isOver })
    let expected = bench.folder.contents(of: "whole")
    let questions = whole.asked + .max / 2
    for part in 1..<5 {
      let countdown = Countdown(part * questions / 5)
      #expect(complaint { try bench.run(recipe, resuming: true, isCancelled: { countdown.isOver }) } != nil)
      #expect(bench.leftovers.sorted() == [".out.journal", "whole"])
      let rest = Countdown(.max / 2)
      _ = try bench.run(recipe, resuming: true, isCancelled: { rest.isOver })
      #expect(bench.folder.contents(of: "out") == expected)
      #expect(bench.leftovers.sorted() == ["out", "whole"])
      // What was finished is not done again.
      if part == 4 { #expect(rest.asked + .max / 2 < questions * 3 / 4) }
      try FileManager.default.removeItem(atPath: bench.folder.file("out"))
    }
  }

  @Test("a journal of other inputs is refused by name and stays as it is")
  func otherInputs() throws {
    let bench = try PipelineBench()
    let countdown = Countdown(30)
    _ = complaint {
      try bench.run(bench.recipe(chain), resuming: true, isCancelled: { countdown.isOver })
    }
    let before = bench.folder.contents(of: ".out.journal")
    let other = try bench.recipe(chain.replacingOccurrences(of: "0.8", with: "0.9"))
    let error = try #require(complaint { try bench.run(other, resuming: true) })
    #expect(
      error.contains(": stages.0.keep of the recipe is not the same") && error.contains(".out.journal"),
      "\(error)")
    let parts = [
      (
        chain.replacingOccurrences(of: "'quantize'", with: "'quantize', exclude: ['*.0.*']"),
        "stages.2.exclude"
      ),
      (chain.replacingOccurrences(of: ", { strategy: 'quantize' }", with: ""), "stages.2"),
      (chain.replacingOccurrences(of: "'quantize'", with: "'quantize', seed: 5"), "stages.2.seed"),
    ]
    for (stages, place) in parts {
      let error = try #require(complaint { try bench.run(bench.recipe(stages), resuming: true) })
      #expect(error.contains(": \(place) of the recipe is not the same"), "\(error)")
    }
    #expect(bench.folder.contents(of: ".out.journal") == before)
    // Without --resume nobody looks at it.
    _ = try bench.run(other)
    #expect(bench.leftovers.sorted() == [".out.journal", "out"])
  }

  @Test("a journal of a run with another build of a plugin names it, and the model that is whole")
  func otherPlugin() throws {
    let bench = try PipelineBench()
    let recipe = try bench.recipe(chain)
    try interruptLate(bench, recipe)
    var plugins = BuildFolder.plugins
    let index = try #require(plugins.firstIndex { $0.hasSuffix("libQuantize.so") })
    let bytes = try Data(contentsOf: URL(filePath: plugins[index])) + [0]
    plugins[index] = bench.folder.file("libQuantize.so")
    try bytes.write(to: URL(filePath: plugins[index]))
    let error = try #require(complaint { try bench.run(recipe, plugins: plugins, resuming: true) })
    #expect(error.contains("plugin of stage 2, libQuantize.so"), "\(error)")
    let model = try #require(error.split(separator: "(").last?.split(separator: " ").first)
    #expect(throws: Never.self) { try Checkpoint(directory: String(model)) }
  }

  @Test("a journal that was damaged is refused with a sentence", arguments: ["run.json", "stage-0.json"])
  func damaged(file: String) throws {
    let bench = try PipelineBench()
    let recipe = try bench.recipe(chain)
    try interruptLate(bench, recipe)
    try bench.folder.write("{", to: ".out.journal/\(file)")
    let error = try #require(complaint { try bench.run(recipe, resuming: true) })
    #expect(error.contains("journal") && error.contains("remove it"), "\(error)")
    #expect(bench.leftovers.sorted() == [".out.journal", "whole"])
  }

  @Test(
    "of kept tensors with a changed byte none is given back, and the stage keeps them anew",
    arguments: [-3, 20])
  func changedKept(place: Int) throws {
    let bench = try PipelineBench()
    let recipe = try bench.recipe("{ strategy: 'svdllm-v2', keep: 0.6 }")
    _ = try bench.run(recipe, as: "whole")
    let kept = ".out.journal/kept-0"
    // The first moment after the stage has kept something.
    let folder = bench.folder
    let hasKept: @Sendable () -> Bool = { folder.names(in: kept).contains { $0.hasSuffix(".safetensors") } }
    #expect(complaint { try bench.run(recipe, resuming: true, isCancelled: hasKept) } != nil)
    let name = try #require(bench.folder.names(in: kept).first { $0.hasSuffix(".safetensors") })
    let path = bench.folder.file("\(kept)/\(name)")
    var bytes = try Data(contentsOf: URL(filePath: path))
    bytes[place < 0 ? bytes.count + place : place] ^= 0x40
    try bytes.write(to: URL(filePath: path))
    let lines = Mutex<[String]>([])
    _ = try bench.run(recipe, resuming: true, log: { _, line in lines.withLock { $0.append(line) } })
    let warned = lines.withLock { $0.contains { $0.contains(path) && $0.contains("computes again") } }
    #expect(warned, "\(lines.withLock { $0 })")
    #expect(bench.folder.contents(of: "out") == bench.folder.contents(of: "whole"))
  }

  @Test(
    "what a finished stage left is not used where a byte of it has changed, and can be computed again",
    arguments: ["stage-0/model.safetensors", "stage-0/config.json", "stage-0/more.json", "stage-0.json"])
  func changed(file: String) throws {
    let bench = try PipelineBench()
    let recipe = try bench.recipe(chain)
    try interruptLate(bench, recipe)
    let path = bench.folder.file(".out.journal/\(file)")
    // An exponent of a weight, a space of a text, a digit of a report: all of them still read.
    var bytes = FileManager.default.contents(atPath: path) ?? Data("{}".utf8)
    if file.hasSuffix(".safetensors") {
      bytes[bytes.count - 3] ^= 0x40
    } else if file == "stage-0.json" {
      let digit = try #require(bytes.range(of: Data("\"seconds\": ".utf8))?.upperBound)
      bytes[digit] = bytes[digit] == UInt8(ascii: "7") ? UInt8(ascii: "8") : UInt8(ascii: "7")
    } else {
      bytes.append(UInt8(ascii: " "))
    }
    try bytes.write(to: URL(filePath: path))
    let error = try #require(complaint { try bench.run(recipe, resuming: true) })
    for part in [path, "without --resume", "remove \(bench.folder.file(".out.journal/stage-0.json")) "] {
      #expect(error.contains(part), "\(error)")
    }
    if file.hasPrefix("stage-0/model") {
      #expect(try error.contains(SHA256.hex(ofFile: path)) && error.contains("expected was"), "\(error)")
    }
    #expect(bench.leftovers.sorted() == [".out.journal", "whole"])
    try FileManager.default.removeItem(atPath: bench.folder.file(".out.journal/stage-0.json"))
    _ = try bench.run(recipe, resuming: true)
    #expect(bench.folder.contents(of: "out") == bench.folder.contents(of: "whole"))
  }
}
