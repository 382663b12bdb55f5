import Foundation
import LinearAlgebra
import ModelIO
import Pipeline
import PluginHost
import Synchronization
import TestSupport
import Testing

@Suite struct RecipeTests {
  private let folder = TestFolder()

  private func parse(_ text: String, _ overrides: [(key: String, value: String)] = []) throws -> Recipe {
    try Recipe(path: folder.write(text, to: "r.json5"), overrides: overrides)
  }

  @Test("a recipe is JSON5 with defaults for what it leaves out")
  func defaults() throws {
    let recipe = try parse(
      """
      // a comment
      { lathe: 1, calibration: { text: "a.txt", }, stages: [ { strategy: 'quantize', bits: 3, include: "mlp.*" }, ], }
      """)
    #expect(recipe.seed == 0)
    #expect(recipe.calibration?.paths == [folder.file("a.txt")])
    #expect(recipe.calibration?.samples == 64 && recipe.calibration?.context == nil)
    #expect(recipe.calibration?.heldOut == nil)
    #expect(recipe.stages.count == 1 && recipe.stages[0].keep == nil && recipe.stages[0].seed == nil)
    #expect(recipe.stages[0].selection.include == ["mlp.*"])
    #expect(recipe.stages[0].parameters.keys == ["bits"])
  }

  @Test("text files are found from the recipe's own folder, absolute ones where they are")
  func paths() throws {
    let recipe = try parse(
      "{lathe: 1, calibration: {text: ['../b.txt', '/x/c.txt']}, stages: [{strategy: 's'}]}")
    #expect(recipe.calibration?.paths == ["/tmp/b.txt", "/x/c.txt"])
  }

  @Test(
    "what is wrong with a recipe is told with its file and key",
    arguments: [
      ("{lathe: 1, stagse: []}", "stagse", "did you mean \"stages\"?"), ("[1]", "the recipe", "an object"),
      ("{stages: [{strategy: 's'}]}", "lathe", "write `lathe: 1`"),
      ("{lathe: 2, stages: [{strategy: 's'}]}", "lathe", "format 2 is not known"),
      ("{lathe: '1', stages: []}", "lathe", "integer"), ("{lathe: 1}", "stages", "at least one stage"),
      ("{lathe: 1, stages: []}", "stages", "at least one stage"),
      ("{lathe: 1, stages: {}}", "stages", "at least one stage"),
      ("{lathe: 1, stages: ['quantize']}", "stages.0", "an object in braces"),
      ("{lathe: 1, stages: [{}]}", "stages.0.strategy", "lathe plugins list"),
      ("{lathe: 1, stages: [{strategy: 4}]}", "stages.0.strategy", "text in quotes"),
      ("{lathe: 1, stages: [{strategy: 's', keep: 0}]}", "stages.0.keep", "(0, 1]"),
      ("{lathe: 1, stages: [{strategy: 's', keep: 1.01}]}", "stages.0.keep", "(0, 1]"),
      ("{lathe: 1, stages: [{strategy: 's', keep: -1}]}", "stages.0.keep", "(0, 1]"),
      ("{lathe: 1, stages: [{strategy: 's', keep: '80%'}]}", "stages.0.keep", "a number"),
      ("{lathe: 1, stages: [{strategy: 's', include: [1]}]}", "stages.0.include", "list of texts"),
      ("{lathe: 1, stages: [{strategy: 's', exclude: {}}]}", "stages.0.exclude", "list of texts"),
      ("{lathe: 1, stages: [{strategy: 's', seed: -1}]}", "stages.0.seed", "at least 0"),
      ("{lathe: 1, seed: 1.5, stages: [{strategy: 's'}]}", "seed", "an integer"),
      ("{lathe: 1, calibration: 'a.txt', stages: [{strategy: 's'}]}", "calibration", "an object"),
      ("{lathe: 1, calibration: {}, stages: [{strategy: 's'}]}", "calibration.text", "at least one file"),
      (
        "{lathe: 1, calibration: {text: 'a', sample: 4}, stages: [{strategy: 's'}]}", "calibration.sample",
        "\"samples\"?"
      ),
      (
        "{lathe: 1, calibration: {text: 'a', samples: 0}, stages: [{strategy: 's'}]}", "calibration.samples",
        "at least 1"
      ),
      (
        "{lathe: 1, calibration: {text: 'a', samples: 99999999999}, stages: [{strategy: 's'}]}",
        "calibration.samples", "at most"
      ),
      (
        "{lathe: 1, calibration: {text: 'a', context: 1}, stages: [{strategy: 's'}]}", "calibration.context",
        "at least 2"
      ),
      (
        "{lathe: 1, calibration: {text: 'a', held_out: -1}, stages: [{strategy: 's'}]}",
        "calibration.held_out",
        "at least 0"
      ),
    ])
  func wrong(text: String, key: String, part: String) throws {
    let error = try #require(complaint { try parse(text) })
    #expect(error.contains(part) && error.contains("\(key):") && error.contains("r.json5"), "\(error)")
    #expect(!error.contains("\n"))
  }

  @Test(
    "a recipe that does not parse is told with its line",
    arguments: ["{lathe: 1,\n stages: [}", "", "{lathe: 1} x"])
  func syntax(text: String) throws {
    let error = try #require(complaint { try parse(text) })
    #expect(error.contains("r.json5") && error.contains("line"), "\(error)")
  }

  @Test("a missing recipe and one that is not UTF-8 are named")
  func unreadable() throws {
    #expect(complaint { try Recipe(path: folder.file("none.json5")) }?.contains("none.json5") == true)
    let bytes = try folder.write([0x7b, 0xff, 0x7d], to: "bytes.json5")
    #expect(complaint { try Recipe(path: bytes) }?.contains("not valid UTF-8") == true)
  }

  @Test("--set replaces values of any kind at any depth, and makes members of objects")
  func overrides() throws {
    let text = "{lathe: 1, stages: [{strategy: 's', keep: 0.5}, {strategy: 't'}]}"
    let recipe = try parse(
      text,
      [
        ("stages.0.keep", "0.25"), ("stages.1.strategy", "u"), ("seed", "9"),
        ("stages.1.include", "['a', 'b']"),
        ("calibration.text", "x.txt"), ("stages.1.flag", "true"),
      ])
    #expect(recipe.stages[0].keep == 0.25 && recipe.stages[1].strategy == "u" && recipe.seed == 9)
    #expect(
      recipe.stages[1].selection.include == ["a", "b"] && recipe.calibration?.paths == [folder.file("x.txt")])
    #expect(recipe.stages[1].parameters["flag"] == .bool(true))
  }

  @Test(
    "--set to nowhere is refused",
    arguments: ["stages.2.keep", "stages.x.keep", "lathe.a", "stages.0.keep.x", "stages.-1"])
  func nowhere(key: String) throws {
    let text = "{lathe: 1, stages: [{strategy: 's', keep: 0.5}]}"
    let error = try #require(complaint { try parse(text, [(key, "1")]) })
    #expect(error.contains(key) && error.contains("--set"), "\(error)")
  }

  @Test(
    "a recipe that does not suit the plugins or the model is refused before any work",
    arguments: [
      ("{ strategy: 'svdllm-v2' }", "stages.0.keep"),
      ("{ strategy: 'quantize', keep: 0.5 }", "takes no budget"),
      ("{ strategy: 'quantise' }", "did you mean \"quantize\"?"),
      ("{ strategy: 'quantise' }", "/recipe.json5, stages.0: no strategy"),
      (
        "{ strategy: 'quantize', bit: 4 }", "/recipe.json5, stages.0: strategy \"quantize\" has no parameter"
      ),
      (
        "{ strategy: 'quantize' }, { strategy: 'quantize', bits: 'x' }",
        "/recipe.json5, stages.1: parameter \"bits\" of strategy \"quantize\" is \"x\"; it must be"
      ),
      ("{ strategy: 'quantize', bit: 4 }", "\"bits\"?"),
      ("{ strategy: 'quantize', include: ['q_prj'] }", "\"q_prj\" matches no layer"),
      ("{ strategy: 'quantize', exclude: ['lm_heat'] }", "\"lm_heat\" matches no layer"),
      ("{ strategy: 'quantize', include: ['q_proj'], exclude: ['*'] }", "leave no layer"),
      ("{ strategy: 'svdllm-v2', keep: 0.5 }, { strategy: 'quantize', bits: 1 }", "\"bits\""),
      ("{ strategy: 'svdllm-v2', keep: 0.0001 }", "raise keep"),
    ])
  func unsuitable(stages: String, part: String) throws {
    let bench = try PipelineBench()
    let error = try #require(complaint { try bench.run(bench.recipe(stages)) })
    #expect(error.contains(part), "\(error)")
    #expect(bench.leftovers == [])
  }

  @Test("a strategy that needs text says so where the recipe names none")
  func noText() throws {
    let bench = try PipelineBench()
    for (stages, index) in [("", 0), ("{ strategy: 'quantize', bits: 8 }, ", 1)] {
      let recipe = try bench.recipe(stages + "{ strategy: 'svdllm-v2', keep: 0.5 }", calibration: nil)
      let refusals = [
        complaint { try bench.run(recipe) },
        complaint {
          try CompressionPlan(
            model: bench.model, recipe: recipe, plugins: PluginSearch(explicit: BuildFolder.plugins),
            measures: false,
            workers: .serial)
        },
      ]
      for refusal in refusals {
        let error = try #require(refusal)
        #expect(error.contains("calibration: {") && error.contains("stage \(index)"), "\(error)")
      }
      #expect(bench.leftovers == [])
    }
  }

  @Test(
    "a window is at most what the model was made for, unless the recipe says otherwise, which is warned about"
  )
  func contextOfTheModel() throws {
    let bench = try PipelineBench()
    let longest = try Checkpoint(directory: bench.model).model.configuration.maximumPositions
    try #require(longest < 512)
    for (context, warnings) in [(nil, 0), (longest, 0), (longest + 1, 1)] {
      let own = context.map { ", context: \($0)" } ?? ""
      let recipe = try bench.recipe(
        "{ strategy: 'quantize' }", calibration: "{ text: ['text.txt'], samples: 1\(own) }")
      let said = Mutex<[String]>([])
      let plan = try CompressionPlan(
        model: bench.model, recipe: recipe, plugins: PluginSearch(explicit: BuildFolder.plugins),
        measures: false,
        workers: .serial, log: { _, text in said.withLock { $0.append(text) } })
      #expect(plan.calibration?.context == context ?? longest)
      #expect(said.withLock { $0.filter { $0.contains("calibration.context") }.count } == warnings)
    }
  }
}
