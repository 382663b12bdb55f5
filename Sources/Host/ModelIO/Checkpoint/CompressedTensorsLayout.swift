import Graph

/// What `quantization_config` of a compressed-tensors checkpoint says about its linear layers.
///
/// Read are integer weights: `pack-quantized`, and one byte a code as `int-quantized` or `naive-quantized`. Weights
/// are what they are; that a runtime would round activations too (W8A8) is not simulated.
struct CompressedTensorsLayout: Equatable {
  static let method = "compressed-tensors"
  static let formats = ["pack-quantized", "int-quantized", "naive-quantized"]

  /// Codes of one group of layers.
  struct Scheme: Equatable {
    let bits: Int
    /// 0 means one scale a row, or for the whole matrix.
    let groupSize: Int
    let isSymmetric: Bool
  }

  private struct Group: Equatable {
    let targets: [String]
    /// Nil where the group leaves weights alone.
    let scheme: Scheme?
  }

  private let groups: [Group]
  private let ignored: [String]

  private struct Refusal: Error { let reason: String }

  init(_ json: JSON, path: String) throws(ModelIOError) {
    do throws(Refusal) { (groups, ignored) = try Self.read(json) } catch {
      throw .configuration(path: path, .quantizedOtherwise(method: Self.method, reason: error.reason))
    }
  }

  private static func read(_ json: JSON) throws(Refusal) -> ([Group], [String]) {
    if let status = json["quantization_status"]?.stringValue, status != "compressed" {
      throw Refusal(reason: "its weights are \"\(status)\" and not compressed")
    }
    for key in ["kv_cache_scheme", "transform_config", "sparsity_config"] {
      guard let value = json[key], !value.isNull, value.objectValue?.isEmpty != true else { continue }
      if value["format"]?.stringValue == "dense" { continue }
      throw Refusal(reason: "Lathe does not do what its \"\(key)\" asks for")
    }
    let format = json["format"]?.stringValue ?? ""
    guard let members = json["config_groups"]?.objectValue, !members.isEmpty else {
      throw Refusal(reason: "it has no \"config_groups\"")
    }
    var groups: [Group] = []
    for (_, member) in members {
      let own = member["format"]?.stringValue ?? format
      guard formats.contains(own) else {
        throw Refusal(reason: "format \"\(own)\" is not one of \(formats.joined(separator: ", "))")
      }
      let targets = (member["targets"]?.arrayValue ?? []).compactMap(\.stringValue)
      for target in targets {
        if let expression = expression(target), (try? Regex(expression)) == nil {
          throw Refusal(reason: "\"\(target)\" is no regular expression that Lathe reads")
        }
      }
      groups.append(Group(targets: targets, scheme: try scheme(member["weights"])))
    }
    return (groups, (json["ignore"]?.arrayValue ?? []).compactMap(\.stringValue))
  }

  private static func scheme(_ weights: JSON?) throws(Refusal) -> Scheme? {
    guard let weights, !weights.isNull else { return nil }
    guard (weights["type"]?.stringValue ?? "int") == "int" else {
      throw Refusal(reason: "its weights are not integers")
    }
    guard let bits = weights["num_bits"]?.intValue, (2...8).contains(bits) else {
      throw Refusal(reason: "\"num_bits\" must be from 2 to 8")
    }
    let isSymmetric = weights["symmetric"]?.boolValue ?? true
    let groupSize = weights["group_size"]?.intValue ?? -1
    switch weights["strategy"]?.stringValue ?? (groupSize > 0 ? "group" : "channel") {
    case "channel", "tensor": return Scheme(bits: bits, groupSize: 0, isSymmetric: isSymmetric)
    case "group":
      guard (1...ConfigurationObject.largestExtent).contains(groupSize) else {
        throw Refusal(reason: "strategy \"group\" needs a \"group_size\" of at least 1")
      }
      return Scheme(bits: bits, groupSize: groupSize, isSymmetric: isSymmetric)
    case let other: throw Refusal(reason: "strategy \"\(other)\" is not group, channel or tensor")
    }
  }

  /// How the weights of the linear module `name` are stored; nil for a dense one.
  ///
  /// A target that names the module stands above one that names its class.
  func scheme(of name: String) -> Scheme? {
    guard !ignored.contains(where: { Self.matches($0, name) }) else { return nil }
    if let group = groups.first(where: { $0.targets.contains { Self.matches($0, name) } }) {
      return group.scheme
    }
    return groups.first { $0.targets.contains("Linear") }?.scheme
  }

  private static func expression(_ target: String) -> String? {
    target.hasPrefix("re:") ? String(target.dropFirst(3)) : nil
  }

  /// Regular expressions match from the start of the name, as Python's `re.match` does.
  private static func matches(_ target: String, _ name: String) -> Bool {
    guard let expression = expression(target) else { return target == name }
    return (try? Regex(expression)).map { name.prefixMatch(of: $0) != nil } ?? false
  }
}
