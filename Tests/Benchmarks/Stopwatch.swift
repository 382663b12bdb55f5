import Glibc

/// Times of repeated runs.
enum Stopwatch {
  /// Seconds on the clock, and seconds of processors, of all threads together.
  struct Time {
    let wall: Double
    let processor: Double
  }

  /// One run and its result.
  static func time<Result>(_ body: () throws -> Result) rethrows -> (time: Time, result: Result) {
    let (wall, processor) = (now(CLOCK_MONOTONIC), now(CLOCK_PROCESS_CPUTIME_ID))
    let result = try body()
    return (
      Time(wall: now(CLOCK_MONOTONIC) - wall, processor: now(CLOCK_PROCESS_CPUTIME_ID) - processor), result
    )
  }

  /// The run of median processor time of `repetitions`; fewer when they take long.
  static func median(of repetitions: Int, _ body: () throws -> Void) rethrows -> Time {
    var times: [Time] = []
    let start = now(CLOCK_MONOTONIC)
    repeat {
      times.append(try time(body).time)
    } while times.count < repetitions && now(CLOCK_MONOTONIC) - start < 20
    return times.sorted { $0.processor < $1.processor }[times.count / 2]
  }

  private static func now(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
