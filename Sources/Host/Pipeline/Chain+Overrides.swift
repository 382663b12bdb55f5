import Graph
import ModelIO
import PluginHost

extension Chain {
  /// The parameters of the selected nodes for which the stage overrides some, by node index, checked like those of
  /// the stage.
  static func overrides(
    _ stage: Recipe.Stage, index: Int, _ info: StrategyInfo, path: String, of selected: Set<Int>,
    _ nodes: [Node]
  ) throws -> [Int: ParameterValues] {
    guard !stage.overrides.isEmpty else { return [:] }
    guard info.takesOverrides else {
      throw PipelineError.recipe(
        path: path, key: "stages.\(index).overrides",
        reason: "strategy \"\(info.id)\" takes none; its parameters are the same for every layer")
    }
    var members: [Int: JSONObject] = [:]
    for override in stage.overrides {
      let matching = nodes.filter {
        selected.contains($0.index) && Selection.matches(override.pattern, $0.name)
      }
      guard !matching.isEmpty else {
        throw PipelineError.recipe(
          path: path, key: "stages.\(index).overrides",
          reason:
            "the pattern \"\(override.pattern)\" matches no selected layer; see `lathe inspect` for their names"
        )
      }
      // Alone first, so that a mistake is found even where a later pattern covers it.
      let place = "stages.\(index).overrides.\"\(override.pattern)\""
      if let reason = misplaced(override.parameters, info) {
        throw PipelineError.recipe(path: path, key: place, reason: reason)
      }
      do { _ = try ParameterValues(merged(override.parameters, over: stage.parameters), for: info) } catch {
        throw PipelineError.plugin(error, at: place, of: path)
      }
      for node in matching {
        members[node.index] = merged(override.parameters, over: members[node.index] ?? stage.parameters)
      }
    }
    return try members.mapValues { try ParameterValues($0, for: info) }
  }

  /// Why a key of an override is none; nil where all are.
  private static func misplaced(_ given: JSONObject, _ info: StrategyInfo) -> String? {
    let known = info.parameters.map(\.key)
    guard let key = given.keys.first(where: { !known.contains($0) }) else { return nil }
    let rule = "an override holds parameters of strategy \"\(info.id)\" and nothing else"
    let list = known.isEmpty ? "it has none" : "known: \(known.joined(separator: ", "))"
    if ParameterInfo.reservedKeys.contains(key) {
      return "\"\(key)\" belongs to the stage as a whole; \(rule) (\(list))"
    }
    let hint = Spelling.nearest(to: key, in: known).map { "; did you mean \"\($0)\"?" } ?? ""
    return "there is no parameter \"\(key)\"; \(rule)\(hint) (\(list))"
  }

  private static func merged(_ new: JSONObject, over old: JSONObject) -> JSONObject {
    var result = old
    for (key, value) in new { result[key] = value }
    return result
  }
}
