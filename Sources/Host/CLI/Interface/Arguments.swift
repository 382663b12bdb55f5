import PluginHost

/// The words after a command's name, sorted into options and operands.
struct Arguments: Sendable {
  private let values: [String: [String]]
  let operands: [String]

  /// Splits `words` by what `command` declares.
  init(_ words: ArraySlice<String>, for command: any Command.Type) throws(UsageError) {
    var values: [String: [String]] = [:]
    var operands: [String] = []
    var rest = words
    while let word = rest.popFirst() {
      guard word.hasPrefix("--"), word != "--" else {
        if word == "--" {
          operands += rest
          break
        }
        guard !word.hasPrefix("-") || word == "-" else {
          throw UsageError("unknown option \(word)")
        }
        operands.append(word)
        continue
      }
      let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0])
      guard let option = command.options.first(where: { $0.name == name }) else {
        let nearest = Spelling.nearest(to: name, in: command.options.map(\.name))
        throw UsageError(
          "unknown option --\(name)" + (nearest.map { "; did you mean --\($0)?" } ?? ""))
      }
      if option.value == nil {
        guard parts.count == 1 else { throw UsageError("--\(name) takes no value") }
        values[name, default: []].append("")
      } else if parts.count == 2 {
        values[name, default: []].append(String(parts[1]))
      } else if let next = rest.popFirst() {
        values[name, default: []].append(next)
      } else {
        throw UsageError("--\(name) needs a value (\(option.usage))")
      }
      // An unset variable of a shell script, most likely; no option has a use for it.
      guard option.value == nil || values[name]?.last != "" else {
        throw UsageError("--\(name) is empty (\(option.usage))")
      }
      if !option.isRepeatable, values[name, default: []].count > 1 {
        throw UsageError("--\(name) is given twice")
      }
    }
    for option in command.options where option.isRequired && values[option.name] == nil {
      throw UsageError("\(option.usage) is missing")
    }
    guard !operands.contains("") else { throw UsageError("an argument is empty") }
    guard command.operands.contains(operands.count) else {
      throw UsageError(
        operands.count < command.operands.lowerBound ? "an argument is missing" : "too many arguments")
    }
    self.values = values
    self.operands = operands
  }

  func has(_ name: String) -> Bool { values[name] != nil }
  func all(_ name: String) -> [String] { values[name] ?? [] }
  subscript(_ name: String) -> String? { values[name]?.first }

  /// The value of a required option.
  func required(_ name: String) -> String { values[name]?.first ?? "" }

  /// The value of `name` as an integer in `range`.
  func integer(_ name: String, _ range: ClosedRange<Int>) throws(UsageError) -> Int? {
    guard let text = self[name] else { return nil }
    guard let value = Int(text), range.contains(value) else {
      let limit = range.upperBound == .max ? "" : " and at most \(range.upperBound)"
      throw UsageError("--\(name) is \(text); it must be an integer of at least \(range.lowerBound)\(limit)")
    }
    return value
  }

  /// The value of `name` as a number in `range`.
  func number(_ name: String, _ range: ClosedRange<Double>) throws(UsageError) -> Double? {
    guard let text = self[name] else { return nil }
    guard let value = Double(text), range.contains(value) else {
      throw UsageError(
        "--\(name) is \(text); it must be a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }
}

/// Wrong use of the command line: exit status 2.
struct UsageError: Error, CustomStringConvertible {
  let description: String

  init(_ text: String) { description = text }

  /// With where the options of `command` are explained.
  func sentence(about command: any Command.Type) -> String {
    "\(description); see `lathe \(command.name) --help`"
  }
}
