import Foundation
import ModelIO
import Pipeline
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
}
