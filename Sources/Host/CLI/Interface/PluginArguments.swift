import Pipeline
import PluginHost

/// The options that say which plugins are loaded, and how.
enum PluginArguments {
  /// Options of every command that looks for plugins.
  static let options: [Option] = [
    .plugin,
    .flag("trusted-only", "load only plugins that `lathe plugins trust` lists, and those of this program"),
  ]

  /// Options of the commands that run them.
  static let isolationOptions: [Option] = [
    .flag("isolate", "run the plugin of every stage in a process of its own"),
    .value(
      "isolate-limit", "SECONDS",
      "end an isolated plugin that neither calls the host nor returns for so long (default: "
        + "\(Int(Isolation.defaultSilenceLimit)))"),
    .value(
      "isolate-memory", "SIZE", "the most memory an isolated plugin may have, as 4GiB (default: no limit)"),
  ]

  /// What is found, and may be loaded.
  static func search(_ arguments: Arguments, isolation: Isolation? = nil) throws -> PluginSearch {
    try PluginSearch(
      explicit: arguments.all("plugin"), trust: .standard(needsList: arguments.has("trusted-only")),
      isolation: isolation, isCancelled: { Interruption.wasRequested })
  }

  /// How isolated stages of `recipe` run; nil where it has none. `--isolate` makes all of them isolated.
  static func isolation(_ arguments: Arguments, _ recipe: inout Recipe) throws -> Isolation? {
    if arguments.has("isolate") {
      for index in recipe.stages.indices { recipe.stages[index].isIsolated = true }
    }
    let limits = ["isolate-limit", "isolate-memory"].filter { arguments[$0] != nil }
    guard recipe.stages.contains(where: \.isIsolated) else {
      guard let limit = limits.first else { return nil }
      throw UsageError(
        "--\(limit) is for isolated stages, and there is none; add --isolate, or `isolate: true` to a stage")
    }
    return Isolation(
      executable: Isolation.ownExecutable,
      silenceLimit: try seconds(arguments) ?? Isolation.defaultSilenceLimit,
      memoryLimit: try arguments["isolate-memory"].map { text throws(UsageError) in try size(text) })
  }

  private static func seconds(_ arguments: Arguments) throws(UsageError) -> Double? {
    guard let text = arguments["isolate-limit"] else { return nil }
    guard let value = Double(text), value > 0, value <= 1e6 else {
      throw UsageError(
        "--isolate-limit is \(text); it must be a number of seconds above 0 and at most 1000000")
    }
    return value
  }

  /// `512MiB`, `4GiB`, `8GB`, or a number of bytes.
  static func size(_ text: String) throws(UsageError) -> Int {
    let units: [(String, Int)] = [
      ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40), ("KB", 1000), ("MB", 1_000_000),
      ("GB", 1_000_000_000), ("TB", 1_000_000_000_000), ("", 1),
    ]
    let unit = units.first { text.lowercased().hasSuffix($0.0.lowercased()) } ?? ("", 1)
    let number = Int(text.dropLast(unit.0.count))
    guard let number, number > 0, case let (bytes, overflow) = number.multipliedReportingOverflow(by: unit.1),
      !overflow, bytes >= smallestMemory
    else {
      throw UsageError("--isolate-memory is \(text); it must be a size of at least 64MiB, as 512MiB or 4GiB")
    }
    return bytes
  }

  /// With less no worker starts.
  private static let smallestMemory = 64 << 20
}
