/// A subcommand of `lathe`.
protocol Command: Sendable {
  static var name: String { get }
  /// What stands after the name and the options in the usage line.
  static var operandUsage: String { get }
  static var operands: ClosedRange<Int> { get }
  static var summary: String { get }
  /// Paragraphs below the summary in the command's own help.
  static var discussion: String { get }
  static var options: [Option] { get }
  /// What is said when Ctrl-C ends the command.
  static func interruption(_ arguments: Arguments) -> String
  static func run(_ arguments: Arguments, _ session: Session) throws -> ExitStatus
}

extension Command {
  static var operandUsage: String { "" }
  static var operands: ClosedRange<Int> { 0...0 }
  static var discussion: String { "" }
  static func interruption(_ arguments: Arguments) -> String { "interrupted; nothing was written" }

  /// The help text of the command.
  static var help: String {
    let options = options.filter { !$0.isHidden }
    let required = options.filter(\.isRequired).map(\.usage)
    let usage =
      (["lathe", name] + required + [operandUsage, options.count > required.count ? "[options]" : ""])
      .filter { !$0.isEmpty }.joined(separator: " ")
    let width = (options.map(\.usage.count).max() ?? 0) + 2
    let lines = (options + [.flag("help", "print this text")]).map { option in
      "  " + option.usage.padding(to: width) + option.summary
    }
    return ([summary, "", "usage: \(usage)", ""] + (discussion.isEmpty ? [] : [discussion, ""]) + lines)
      .joined(separator: "\n")
  }
}

/// How a command ended.
enum ExitStatus: Int32 {
  case done = 0
  case failed = 1
  case usage = 2
  /// A check found a difference.
  case difference = 3
  case interrupted = 130
}

extension String {
  /// The text with blanks up to `width`.
  func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
