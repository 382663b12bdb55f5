/// Wall-clock time of a stage as a whole and of its blocks, over all passes.
final class StageClock {
  private(set) var blockSeconds: [Double]
  private let start = ContinuousClock.now

  init(blocks: Int) { blockSeconds = Array(repeating: 0, count: blocks) }

  /// Seconds since the stage began.
  var seconds: Double { Self.seconds(ContinuousClock.now - start) }

  /// Runs `body` and adds its time to the block's.
  func time(_ block: Int, _ body: () throws -> Void) rethrows {
    let begin = ContinuousClock.now
    try body()
    blockSeconds[block] += Self.seconds(ContinuousClock.now - begin)
  }

  private static func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
  }
}
