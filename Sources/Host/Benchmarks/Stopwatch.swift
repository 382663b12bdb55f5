/// Times of repeated runs.
enum Stopwatch {
  /// Seconds of one run, and its result.
  static func time<Result>(_ body: () throws -> Result) rethrows -> (seconds: Double, result: Result) {
    let start = ContinuousClock.now
    let result = try body()
    return (seconds(since: start), result)
  }

  /// The median of the seconds of `repetitions` runs; fewer when they take long.
  static func median(of repetitions: Int, _ body: () throws -> Void) rethrows -> Double {
    var times: [Double] = []
    let start = ContinuousClock.now
    repeat {
      times.append(try time(body).seconds)
    } while times.count < repetitions && seconds(since: start) < 20
    return times.sorted()[times.count / 2]
  }

  static func seconds(since start: ContinuousClock.Instant) -> Double {
    let parts = start.duration(to: .now).components
    return Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
  }
}
