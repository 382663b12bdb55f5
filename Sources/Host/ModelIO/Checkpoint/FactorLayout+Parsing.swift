extension FactorLayout {
  /// What configuration keys of other quantisers are called: compressed-tensors before its merge, and MLX.
  private static let foreignKeys = ["compression_config", "quantization"]

  /// Reads the layout of the folder `directory`, whose configuration is `json`. Models that others quantised are
  /// refused.
  init(_ json: JSON, path: String, directory: String) throws(ModelIOError) {
    for key in Self.foreignKeys {
      guard let value = json[key], !value.isNull else { continue }
      throw .configuration(path: path, .quantized(method: value["quant_method"]?.stringValue ?? key))
    }
    linears = [:]
    if let listed = json[Self.modellingKey], !listed.isNull {
      linears = try Self.linears(listed, key: Self.modellingKey, path: path, directory: directory)
    }
    guard let value = json[Self.key], !value.isNull else { return }
    if value["quant_method"]?.stringValue == CompressedTensorsLayout.method {
      modules = try CompressedTensorsLayout(value, path: path)
      return
    }
    guard value["quant_method"] == nil, value["format"]?.stringValue == Self.format else {
      throw .configuration(
        path: path, .quantized(method: value["quant_method"]?.stringValue ?? "an unknown method"))
    }
    linears = try Self.linears(value, key: Self.key, path: path, directory: directory)
  }

  private static func linears(
    _ value: JSON, key: String, path: String, directory: String
  ) throws(ModelIOError) -> [String: [[Storage]]] {
    guard value["version"]?.intValue == version else {
      let found = value["version"]?.text(indent: nil) ?? "none"
      throw .configuration(path: path, .layoutVersion(found: found, known: version))
    }
    guard let members = value["linears"]?.objectValue else {
      throw .configuration(path: path, .missing(key: "\(key).linears"))
    }
    var linears: [String: [[Storage]]] = [:]
    for (name, terms) in members {
      do throws(Refusal) { linears[name] = try Self.terms(terms) } catch {
        throw .checkpoint(path: directory, .badLayout(linear: name, reason: error.reason))
      }
    }
    return linears
  }

  private struct Refusal: Error { let reason: String }

  private static func terms(_ json: JSON) throws(Refusal) -> [[Storage]] {
    guard let terms = json.arrayValue, !terms.isEmpty else {
      throw Refusal(reason: "no array of terms")
    }
    var result: [[Storage]] = []
    for term in terms {
      guard let factors = term.arrayValue, !factors.isEmpty else {
        throw Refusal(reason: "a term that is no array of factors")
      }
      var storages: [Storage] = []
      for factor in factors { storages.append(try storage(factor)) }
      result.append(storages)
    }
    return result
  }

  private static func storage(_ json: JSON) throws(Refusal) -> Storage {
    switch json["storage"]?.stringValue {
    case "dense": return .dense
    case "diagonal": return .diagonal
    case "codebook":
      let (bits, groupSize) = try codes(json)
      return .codebook(bits: bits, groupSize: groupSize)
    case "quantized":
      let (bits, groupSize) = try codes(json)
      guard let isSymmetric = json["symmetric"]?.boolValue else {
        throw Refusal(reason: "\"symmetric\" must be true or false")
      }
      return .quantized(bits: bits, groupSize: groupSize, isSymmetric: isSymmetric)
    default: throw Refusal(reason: "\"storage\" must be dense, diagonal, quantized or codebook")
    }
  }

  private static func codes(_ json: JSON) throws(Refusal) -> (bits: Int, groupSize: Int) {
    guard let bits = json["bits"]?.intValue, (2...8).contains(bits) else {
      throw Refusal(reason: "\"bits\" must be an integer from 2 to 8")
    }
    let largest = ConfigurationObject.largestExtent
    guard let groupSize = json["group_size"]?.intValue, (0...largest).contains(groupSize) else {
      throw Refusal(reason: "\"group_size\" must be an integer from 0 to \(largest)")
    }
    return (bits, groupSize)
  }
}
