/// How long a worker has shown no sign of life.
struct SilenceWatch {
  private let limit: Duration
  private let heartbeat: Heartbeat
  private var beats: UInt64
  private var last = ContinuousClock.now

  init(limit: Double, heartbeat: Heartbeat) {
    self.limit = .seconds(limit)
    self.heartbeat = heartbeat
    beats = heartbeat.beats
  }

  /// A message came.
  mutating func hear() { last = .now }

  /// Whether the plugin has been silent for too long. Time in the host's own functions does not count.
  var isOver: Bool {
    mutating get {
      let now = heartbeat.beats
      if now != beats || heartbeat.isBusy {
        beats = now
        last = .now
      }
      return last.duration(to: .now) > limit
    }
  }
}
