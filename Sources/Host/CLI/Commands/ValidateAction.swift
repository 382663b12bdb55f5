import Foundation
import ModelIO
import Validator

/// `lathe plugins validate FILE`
enum ValidateAction {
  static let options: [Option] = [
    .value("only", "NAME|GROUP", "validate: run these cases only", repeatable: true),
    .value("skip", "NAME|GROUP", "validate: leave these cases out", repeatable: true),
    .value("set", "KEY=VALUE", "validate: a parameter in place of its default", repeatable: true),
    .value("limit", "SECONDS", "validate: the time a case may take (default: 45)"),
    .value("jobs", "N", "validate: cases that run at the same time (default: 1)"),
    .value("seed", "N", "validate: what tiny models and fuzzed parameters are drawn from (default: 1)"),
    .value("trace", "FILE", "validate: write all calls across the boundary for a trace viewer"),
    .flag("in-process", "validate: run the cases in this process, for a debugger"),
    .flag("list", "validate: print the cases and their rules"),
    // What a parent tells its children; not for people.
    .value("child", "NAME", "", isHidden: true), .value("digest", "MODEL", "", isHidden: true),
    .value("strategy", "ID", "", isHidden: true), .value("survey", "WHAT", "", isHidden: true),
    .value("subject", "ID=WHAT", "", repeatable: true, isHidden: true),
  ]

  static func run(_ arguments: Arguments, _ session: Session) throws -> ExitStatus {
    if arguments.has("list") {
      session.isJSON ? session.print(listJSON) : session.print(listText)
      return .done
    }
    guard arguments.operands.count == 2 else {
      throw UsageError("which library? lathe plugins validate FILE")
    }
    let path = arguments.operands[1]
    let settings = RunSettings(
      seed: UInt64(try arguments.integer("seed", 0 ... .max) ?? 1), given: try parameters(arguments),
      subjects: arguments.all("subject"))
    if let name = arguments["child"] {
      guard let item = ValidationCase.named(name) else {
        throw UsageError("no case \"\(name)\"")
      }
      Validation.runChild(item, path: path, settings: settings, tracePath: arguments["trace"])
    }
    if let kind = arguments["digest"] {
      Validation.runDigest(kind, path: path, strategy: arguments["strategy"] ?? "", settings: settings)
    }
    if let what = arguments["survey"] { Validation.runSurvey(what, path: path, settings: settings) }
    guard FileManager.default.isReadableFile(atPath: path) else {
      throw UsageError("\(path) cannot be read; give the shared library of a plugin")
    }
    var validation = Validation(path: path)
    validation.settings = settings
    validation.limit = Double(try arguments.integer("limit", 1...86_400) ?? 45)
    validation.jobs = try arguments.integer("jobs", 1...256) ?? 1
    validation.isInProcess = arguments.has("in-process")
    validation.tracePath = arguments["trace"]
    validation.cases = try cases(arguments)
    validation.isCancelled = session.isCancelled
    do throws(SettingFault) { try validation.survey() } catch {
      throw UsageError("--set: \(error)")
    }
    let results = validation.run { result in
      if !session.isJSON { session.print(line(result)) }
    }
    if session.isCancelled() { return .interrupted }
    let failed = results.filter { $0.verdict == .fail }
    if session.isJSON {
      session.print(json(path, validation.settings, results))
    } else {
      session.print("\n" + (notes(validation.settings) + [summary(results)]).joined(separator: "\n"))
    }
    return failed.isEmpty ? .done : .difference
  }

  /// What --set says, by key.
  private static func parameters(_ arguments: Arguments) throws -> [String: String] {
    var given: [String: String] = [:]
    for word in arguments.all("set") {
      guard let sign = word.firstIndex(of: "=") else {
        throw UsageError("--set is \(word); it must be KEY=VALUE")
      }
      given[String(word[..<sign])] = String(word[word.index(after: sign)...])
    }
    return given
  }

  /// The cases that --only and --skip leave.
  private static func cases(_ arguments: Arguments) throws -> [ValidationCase] {
    let words = ValidationCase.all.map(\.name) + ValidationCase.Group.allCases.map(\.rawValue)
    for word in arguments.all("only") + arguments.all("skip") where !words.contains(word) {
      let nearest = Suggestion.nearest(to: word, in: words)
      throw UsageError("no case or group \"\(word)\"\(nearest); --list shows them")
    }
    func isNamed(_ item: ValidationCase, in list: [String]) -> Bool {
      list.contains(item.name) || list.contains(item.group.rawValue)
    }
    let (only, skip) = (arguments.all("only"), arguments.all("skip"))
    let chosen = ValidationCase.Group.allCases.flatMap { group in
      ValidationCase.all.filter { $0.group == group }
    }
    .filter { (only.isEmpty || isNamed($0, in: only)) && !isNamed($0, in: skip) }
    if chosen.isEmpty { throw UsageError("--only and --skip leave no case") }
    return chosen
  }

  private static let width = (ValidationCase.all.map(\.name.count).max() ?? 0) + 2

  private static func line(_ result: CaseResult) -> String {
    let group = result.group.rawValue.padding(to: 16)
    let head = "\(result.verdict.rawValue.uppercased())  \(group)\(result.name.padding(to: width))"
    guard result.verdict != .pass, result.verdict != .skip, let item = ValidationCase.named(result.name)
    else {
      return (head + result.text).trimmingCharacters(in: .whitespaces)
    }
    return "\(head)\(result.text)\n      rule: \(item.rule)\n      to do: \(item.remedy)"
  }

  private static func summary(_ results: [CaseResult]) -> String {
    func count(_ verdict: Verdict) -> Int { results.filter { $0.verdict == verdict }.count }
    return
      "\(count(.pass)) passed, \(count(.fail)) failed, \(count(.warn)) warnings, \(count(.skip)) do not apply"
  }

  /// What the cases ran on where it is not the usual.
  private static func notes(_ settings: RunSettings) -> [String] {
    settings.subjects.filter { $0.value.layers != "dense" }.sorted { $0.key < $1.key }.map {
      "\($0.key) replaces no dense layer; its cases ran on layers that are \($0.value.layers)"
    }
  }

  private static func json(_ path: String, _ settings: RunSettings, _ results: [CaseResult]) -> JSON {
    [
      "library": .string(path), "seed": .integer(Int(clamping: settings.seed)),
      "layers": .object(
        JSONObject(settings.subjects.sorted { $0.key < $1.key }.map { ($0, .string($1.layers)) })),
      "passed": .bool(results.allSatisfy { $0.verdict != .fail }), "cases": .array(results.map(\.json)),
    ]
  }

  private static var listText: String {
    ValidationCase.Group.allCases.map { group in
      let rows = ValidationCase.all.filter { $0.group == group }
      return ([group.rawValue] + rows.map { "  \($0.name.padding(to: width))\($0.rule)" }).joined(
        separator: "\n")
    }.joined(separator: "\n\n")
  }

  private static var listJSON: JSON {
    .array(
      ValidationCase.all.map { item in
        [
          "case": .string(item.name), "group": .string(item.group.rawValue), "rule": .string(item.rule),
          "remedy": .string(item.remedy), "warns": .bool(item.isAdvice),
        ]
      })
  }
}
