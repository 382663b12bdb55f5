/// Where a run tells how far it is. The receiver decides what a person sees.
public struct ProgressSink: Sendable {
  private let receive: @Sendable (_ activity: String, _ done: Int, _ total: Int) -> Void
  private let hear: @Sendable (_ text: String) -> Void

  public init(
    _ receive: @escaping @Sendable (_ activity: String, _ done: Int, _ total: Int) -> Void = { _, _, _ in },
    hear: @escaping @Sendable (_ text: String) -> Void = { _ in }
  ) {
    self.receive = receive
    self.hear = hear
  }

  /// What a strategy says about its own progress: it may differ each time.
  public func say(_ text: String) { hear(text) }

  /// `done` of `total` steps of an activity are finished.
  public func step(_ activity: String, _ done: Int, of total: Int) { receive(activity, done, total) }
}
