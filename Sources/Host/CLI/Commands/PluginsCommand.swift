import ModelIO
import PluginHost

/// `lathe plugins`
enum PluginsCommand: Command {
  static let name = "plugins"
  static let operandUsage =
    "list | info ID | new NAME --language LANGUAGE | validate FILE | \(TrustAction.usage)"
  static let operands = 1...3
  static let summary =
    "list the strategies that are found, describe one, start a plugin, validate one, or trust some"
  static let discussion = """
    list shows every library that was looked at and why it was refused. info shows a strategy's parameters.
    Search order: --plugin, then $LATHE_PLUGIN_PATH or else the user's data folder, ../lib/lathe/plugins beside
    the program, and the program's own folder. The first library with an id wins.
    new writes the project of a plugin that works, for you to put your method into; docs/PLUGINS.md goes on from there.
    NAME becomes the strategy's id, as my-method or your-name.my-method; --language is required.
    validate puts a library to the test of every rule of lathe.h, each in a process of its own; --list shows the
    cases, docs/PLUGINS.md explains them. Exit status 0: none failed, 3: one failed.
    trust keeps a list of libraries by their SHA-256. Once it exists, no other library is loaded, but for those
    that come with the program.
    """
  static let options: [Option] =
    PluginArguments.options + [.json] + NewPluginAction.options + ValidateAction.options

  static func run(_ arguments: Arguments, _ session: Session) throws -> ExitStatus {
    if arguments.operands[0] == "validate" { return try ValidateAction.run(arguments, session) }
    if let option = ValidateAction.options.first(where: { arguments.has($0.name) }) {
      throw UsageError("--\(option.name) is for `lathe plugins validate`")
    }
    if arguments.operands[0] == "trust" {
      return try TrustAction.run(arguments.operands.dropFirst(), session)
    }
    if arguments.operands[0] == "new" { return try NewPluginAction.run(arguments, session) }
    if let option = NewPluginAction.options.first(where: { arguments.has($0.name) }) {
      throw UsageError("--\(option.name) is for `lathe plugins new`")
    }
    let search = try PluginArguments.search(arguments)
    switch (arguments.operands[0], arguments.operands.count) {
    case ("list", 1): session.isJSON ? session.print(listJSON(search)) : session.print(listText(search))
    case ("info", 2):
      let (library, index) = try search.strategy(arguments.operands[1])
      let info = library.strategies[index]
      session.isJSON ? session.print(json(info, library)) : session.print(text(info, library))
    case ("info", 1): throw UsageError("which strategy? `lathe plugins list` shows the ids")
    case ("list", _), ("info", _): throw UsageError("too many arguments")
    default: throw UsageError("unknown action \"\(arguments.operands[0])\"")
    }
    return .done
  }

  private static func listText(_ search: PluginSearch) -> String {
    var table = TextTable(["strategy", "version", "summary", "library"])
    for library in search.libraries {
      for info in library.strategies { table.add([info.id, info.version, info.summary, library.path]) }
    }
    let notes = search.candidates.compactMap { candidate in
      candidate.note.map { candidate.library == nil ? $0 : "\(candidate.path): \($0)" }
    }
    return ([table.text] + (notes.isEmpty ? [] : [""] + notes)).joined(separator: "\n")
  }

  private static func listJSON(_ search: PluginSearch) -> JSON {
    .array(
      search.candidates.map { candidate in
        [
          "path": .string(candidate.path), "loaded": .bool(candidate.library != nil),
          "sha256": candidate.library.map { .string($0.hash) } ?? .null,
          "note": candidate.note.map(JSON.string) ?? .null,
          "strategies": .array((candidate.library?.strategies ?? []).map { json($0, candidate.library) }),
        ]
      })
  }

  private static func text(_ info: StrategyInfo, _ library: PluginLibrary) -> String {
    var lines = ["\(info.id) \(info.version): \(info.name)", info.summary]
    if !info.reference.isEmpty { lines.append("reference: \(info.reference)") }
    lines.append("library: \(library.path) (ABI \(library.abi), \(library.vendor), \(library.license))")
    lines.append("sha256: \(library.hash)")
    lines.append(
      "budget: \(info.takesBudget ? "takes `keep`, the share of bytes that stays" : "none, size follows from parameters")"
    )
    let statistics = info.declaredStatistics.map { StatisticNames.name($0) }
    lines.append("statistics: \(statistics.isEmpty ? "none" : statistics.joined(separator: ", "))")
    lines += ["", "parameters"]
    var table = TextTable(["  name", "default", "values", ""])
    for parameter in info.parameters where !parameter.isDeprecated {
      table.add([
        "  " + parameter.key, parameter.defaultText ?? "required", parameter.range, parameter.summary,
      ])
    }
    return (lines + [info.parameters.isEmpty ? "  none" : table.text]).joined(separator: "\n")
  }

  private static func json(_ info: StrategyInfo, _ library: PluginLibrary?) -> JSON {
    [
      "id": .string(info.id), "name": .string(info.name), "version": .string(info.version),
      "summary": .string(info.summary), "reference": .string(info.reference),
      "library": library.map { .string($0.path) } ?? .null, "abi": library.map { .string($0.abi) } ?? .null,
      "takes_budget": .bool(info.takesBudget), "takes_overrides": .bool(info.takesOverrides),
      "required_extensions": .array(info.requiredExtensions.map(JSON.string)),
      "statistics": .array(info.declaredStatistics.map { .string(StatisticNames.name($0)) }),
      "parameters": .array(
        info.parameters.map { parameter in
          [
            "key": .string(parameter.key), "summary": .string(parameter.summary),
            "values": .string(parameter.range),
            "default": parameter.defaultText.map(JSON.string) ?? .null,
            "required": .bool(parameter.isRequired),
          ]
        }),
    ]
  }
}
