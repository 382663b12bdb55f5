import Graph

/// The layout of a folder that other software runs with the help of a modelling file: the same list under a key of
/// its own, with shapes, and a model type that stock loaders refuse.
extension FactorLayout {
  public static let modellingKey = "lathe_factors"
  public static let modelTypePrefix = "lathe_"

  /// What stands under `modellingKey`; nil where every layer is one dense matrix.
  public static func modellingJSON(_ linears: [(name: String, form: LinearForm)]) -> JSON? {
    var members = JSONObject()
    for (name, form) in linears where lists(form) {
      members[name] = .array(form.terms.map { .array($0.map(withShape)) })
    }
    guard !members.isEmpty else { return nil }
    return ["version": .integer(version), "linears": .object(members)]
  }

  /// A `config.json` without the keys that lead to a modelling file, and with the model type of its family.
  public static func withoutModelling(_ members: JSONObject) -> JSONObject {
    guard members[modellingKey] != nil else { return members }
    var members = members
    members[modellingKey] = nil
    members["auto_map"] = nil
    if let type = members["model_type"]?.stringValue, type.hasPrefix(modelTypePrefix) {
      let name = String(type.dropFirst(modelTypePrefix.count))
      members["model_type"] = .string(name)
      if let known = try? Architecture.named(name) { members["architectures"] = [.string(known.className)] }
    }
    return members
  }

  private static func withShape(_ factor: FactorForm) -> JSON {
    var members = json(factor.storage).objectValue ?? JSONObject()
    members["shape"] = [.integer(factor.rows), .integer(factor.columns)]
    return .object(members)
  }
}
