import ModelIO
import TestSupport
import Testing

/// `lathe plan` where a strategy does not know its sizes before the work.
@Suite(.enabled(if: CCompiler.path != nil)) struct PlanTests {
  private let bench: CommandBench
  private let line: String

  init() throws {
    bench = try CommandBench(
      recipe: "{ strategy: 'svdllm-v2', keep: 0.8 }, { strategy: 'test-plugin' }, { strategy: 'quantize' }")
    line =
      "plan --model model --recipe r.json5 --plugin \(try CCompiler.plugin("keeps_every_rule", into: bench.folder))"
  }

  @Test("a plan of unknown size names the stage and the strategy that cannot forecast")
  func text() throws {
    let run = try bench.lathe(line)
    #expect(run.status == 0, "\(run.errors)")
    #expect(
      run.output.contains("the size is unknown: stage 1, strategy \"test-plugin\", cannot forecast"),
      "\(run.output)")
  }

  @Test("beside a budget stands what it counts, where later stages change it")
  func budget() throws {
    let sentence = "in the finished folder, after the later stages"
    #expect(try CommandBench().lathe("plan --model model --recipe r.json5").output.contains(sentence))
    let alone = try CommandBench(recipe: "{ strategy: 'svdllm-v2', keep: 0.6 }")
    #expect(try !alone.lathe("plan --model model --recipe r.json5").output.contains(sentence))
  }

  @Test("--json names the strategy too, and is null where all can")
  func json() throws {
    let plan = try JSON(parsing: try bench.lathe("\(line) --json").output)
    #expect(plan["cannot_forecast"]?.stringValue == "test-plugin")
    #expect(plan["tensor_bytes_after"] == .null)
    let known = try JSON(
      parsing: try CommandBench().lathe("plan --model model --recipe r.json5 --json").output)
    #expect(known["cannot_forecast"] == .null && known["tensor_bytes_after"]?.intValue != nil)
  }
}
