import Evaluation
import Testing

@Suite struct TokenWindowsTests {
  @Test("windows follow each other and the tail is dropped")
  func windows() throws {
    let windows = try TokenWindows(Array(0..<11), context: 4)
    #expect(windows.windows == [[0, 1, 2, 3], [4, 5, 6, 7]])
    #expect(windows.droppedTail == 3)
    #expect(windows.predictedCount == 6)
  }

  @Test("a context that predicts nothing and a text below one window are refused")
  func refusals() {
    #expect(throws: EvaluationError.context(1)) { try TokenWindows([1, 2, 3], context: 1) }
    #expect(throws: EvaluationError.tooShort(tokens: 3, context: 4)) {
      try TokenWindows([1, 2, 3], context: 4)
    }
  }
}
