import ModelIO

/// How a case ended.
public enum Verdict: String, Sendable {
  case pass
  case warn
  case skip
  case fail
}

/// A case with its verdict.
public struct CaseResult: Sendable {
  public let name: String
  public let group: ValidationCase.Group
  public let verdict: Verdict
  /// What was seen, or why the case does not apply; for a pass, why not to some of the strategies.
  public let text: String
  public let seconds: Double
  /// Layers that were replaced, counted again in each run of the case; nil where that is not known.
  public let replaced: Int?
  /// Whether the process of the case crashed, exited or had to be stopped.
  let endedProcess: Bool

  public init(
    _ item: ValidationCase, _ verdict: Verdict, _ text: String = "", replaced: Int? = nil,
    seconds: Double = 0, endedProcess: Bool = false
  ) {
    name = item.name
    group = item.group
    self.verdict = verdict
    self.text = text
    self.endedProcess = endedProcess
    self.replaced = replaced
    self.seconds = seconds
  }

  /// The result that a child wrote, or nil where it wrote none.
  init?(_ item: ValidationCase, line: String, seconds: Double) {
    guard let json = try? JSON(parsing: line), let word = json["verdict"]?.stringValue,
      let verdict = Verdict(rawValue: word)
    else { return nil }
    self.init(
      item, verdict, json["text"]?.stringValue ?? "", replaced: json["replaced"]?.intValue, seconds: seconds)
  }

  /// As a child writes it.
  var line: String {
    JSON.object([
      "verdict": .string(verdict.rawValue), "text": .string(text),
      "replaced": replaced.map(JSON.integer) ?? .null,
    ]).text(indent: nil)
  }

  /// As `--json` shows it.
  public var json: JSON {
    let item = ValidationCase.named(name)
    return [
      "case": .string(name), "group": .string(group.rawValue), "verdict": .string(verdict.rawValue),
      "text": .string(text), "rule": .string(item?.rule ?? ""), "remedy": .string(item?.remedy ?? ""),
      "replaced": replaced.map(JSON.integer) ?? .null, "seconds": .number((seconds * 1000).rounded() / 1000),
    ]
  }
}
