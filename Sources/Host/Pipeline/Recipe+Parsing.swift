import Calibration
import Foundation
import Graph
import ModelIO
import PluginHost

extension Recipe {
  /// The version of the recipe format this host reads.
  public static let formatVersion = 1

  /// Reads a JSON5 file and applies `overrides`, pairs of a dotted key and a value such as `stages.0.keep`, `0.6`.
  public init(path: String, overrides: [(key: String, value: String)] = []) throws(PipelineError) {
    let data: Data
    do { data = try Data(contentsOf: URL(filePath: path)) } catch {
      throw .unreadable(path: path, reason: SystemReason.text(of: error))
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw .unreadable(path: path, reason: "it is not valid UTF-8")
    }
    var json: JSON
    do { json = try JSON(parsing: text, dialect: .json5) } catch { throw .syntax(path: path, error) }
    for override in overrides { json = try Self.apply(override, to: json, path: path) }
    try self.init(json: json, path: path)
  }

  /// Checks an already parsed recipe. `path` names it in errors and is the base of relative file names.
  public init(json: JSON, path: String) throws(PipelineError) {
    let root = try RecipeObject(json, path: path, key: "the recipe")
    try root.allow(["lathe", "seed", "calibration", "stages", "outputs"])
    let version = try root.integer("lathe", 1...Int.max) ?? 0
    guard version == Self.formatVersion else {
      throw .recipe(
        path: path, key: "lathe",
        reason: version == 0
          ? "the format version is missing; write `lathe: \(Self.formatVersion)`"
          : "format \(version) is not known, this Lathe reads \(Self.formatVersion)")
    }
    self.path = path
    seed = UInt64(try root.integer("seed", 0...Int.max) ?? 0)
    calibration = try root.object("calibration").map { (section) throws(PipelineError) in
      try Self.calibration(section, path: path)
    }
    guard let list = json["stages"]?.arrayValue, !list.isEmpty else {
      throw .recipe(path: path, key: "stages", reason: "a list with at least one stage is needed")
    }
    var stages: [Stage] = []
    for (index, item) in list.enumerated() {
      stages.append(try Self.stage(try RecipeObject(item, path: path, key: "stages.\(index)")))
    }
    self.stages = stages
    outputs = try Self.outputs(json, path: path)
    self.json = json
  }

  private static func calibration(_ section: RecipeObject, path: String) throws(PipelineError) -> Calibration
  {
    try section.allow(["text", "samples", "context", "held_out"])
    let files = try section.strings("text") ?? []
    guard !files.isEmpty else {
      throw .recipe(path: path, key: "calibration.text", reason: "at least one file of text is needed")
    }
    let folder = URL(filePath: path).deletingLastPathComponent()
    return Calibration(
      paths: files.map { $0.hasPrefix("/") ? $0 : folder.appending(path: $0).standardizedFileURL.path },
      samples: try section.integer("samples", 1...1 << 24) ?? 64,
      context: try section.integer("context", 2...1 << 20),
      heldOut: try section.integer("held_out", 0...1 << 24))
  }

  private static func stage(_ section: RecipeObject) throws(PipelineError) -> Stage {
    guard let strategy = try section.string("strategy") else {
      throw section.fault("strategy", "the id of a strategy is needed, see `lathe plugins list`")
    }
    let keep = try section.number("keep")
    if let keep, !(keep > 0 && keep <= 1) {
      throw section.fault("keep", "is \(keep); it is the share that stays and must lie in (0, 1]")
    }
    let hash = try section.string("plugin_sha256")
    if let hash, !TrustList.isHash(hash) {
      throw section.fault(
        "plugin_sha256", "64 lowercase hexadecimal digits are needed, as sha256sum prints them")
    }
    var parameters = JSONObject()
    for (key, value) in section.members where !ParameterInfo.reservedKeys.contains(key) {
      parameters[key] = value
    }
    let include = try patterns(section.strings("include") ?? [], "include", section)
    let exclude = try patterns(section.strings("exclude") ?? [], "exclude", section)
    return Stage(
      strategy: strategy, keep: keep, selection: Selection(include: include, exclude: exclude),
      seed: try section.integer("seed", 0...Int.max).map(UInt64.init),
      isIsolated: try section.boolean("isolate") ?? false, pluginHash: hash, parameters: parameters,
      overrides: try overrides(section))
  }

  private static func patterns(
    _ list: [String], _ key: String, _ section: RecipeObject
  ) throws(PipelineError) -> [String] {
    for pattern in list {
      do { try Selection.check(pattern) } catch { throw section.fault(key, error.description) }
    }
    return list
  }

  private static func overrides(_ section: RecipeObject) throws(PipelineError) -> [Override] {
    guard let object = try section.object("overrides") else { return [] }
    var result: [Override] = []
    for pattern in object.members.keys {
      _ = try patterns([pattern], "overrides", section)
      guard let parameters = try object.object(pattern)?.members else { continue }
      result.append(Override(pattern: pattern, parameters: parameters))
    }
    return result
  }

  private static func apply(
    _ override: (key: String, value: String), to json: JSON, path: String
  ) throws(PipelineError) -> JSON {
    let value = (try? JSON(parsing: override.value, dialect: .json5)) ?? .string(override.value)
    guard
      let result = replaced(
        json, override.key.split(separator: ".", omittingEmptySubsequences: false)[...], value)
    else {
      throw .recipe(
        path: path, key: override.key, reason: "there is no such place to set; check the key of --set")
    }
    return result
  }

  private static func replaced(_ json: JSON, _ keys: ArraySlice<Substring>, _ value: JSON) -> JSON? {
    guard let key = keys.first else { return value }
    switch json {
    case .object(var object):
      let inner = object[String(key)] ?? (keys.count > 1 ? .object(JSONObject()) : .null)
      guard let changed = replaced(inner, keys.dropFirst(), value) else { return nil }
      object[String(key)] = changed
      return .object(object)
    case .array(var items):
      guard let index = Int(key), items.indices.contains(index),
        let changed = replaced(items[index], keys.dropFirst(), value)
      else { return nil }
      items[index] = changed
      return .array(items)
    default: return nil
    }
  }
}
