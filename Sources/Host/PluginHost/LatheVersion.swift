/// The version of the host: what plugins, records and the command line state.
public enum LatheVersion {
  static let text: StaticString = "0.1.0"
  public static var current: String { "\(text)" }
}
