import TestSupport
import Testing

@Suite struct IdleStageTests {
  @Test("a stage that changes nothing is warned about, and no other")
  func nothingReplaced() throws {
    let sentence = "warning: stage 0, strategy \"svdllm-v2\", replaced no layer"
    for (keep, isWarned) in [("1", true), ("0.6", false)] {
      let bench = try CommandBench(
        recipe: "{ strategy: 'svdllm-v2', keep: \(keep) }, { strategy: 'quantize' }")
      let run = try bench.compress()
      #expect(run.status == 0 && run.errors.contains(sentence) == isWarned, "\(run.errors)")
      #expect(!run.errors.contains("stage 1, strategy"), "\(run.errors)")
    }
  }
}
