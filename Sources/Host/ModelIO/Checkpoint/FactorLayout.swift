import Graph

/// How the factors of the linear layers of a folder are stored: what `config.json` says under
/// `quantization_config`.
///
/// It lies under that key, and without a `quant_method`, because that is what stock loaders refuse with an error
/// (measured with transformers 5.23). A method they do not know only makes them warn, and then they put random
/// numbers in the place of the weights they miss.
public struct FactorLayout: Equatable {
  /// The storage of one factor. Shapes and element types are those of its tensors.
  enum Storage: Equatable {
    case dense
    case diagonal
    case quantized(bits: Int, groupSize: Int, isSymmetric: Bool)
    case codebook(bits: Int, groupSize: Int)
  }

  public static let key = "quantization_config"
  static let format = "lathe"
  static let version = 1

  /// Storage of factors by term, by name of the linear layer. Layers that are one dense factor are not listed.
  var linears: [String: [[Storage]]]
  /// What compressed-tensors says of the modules, layers and single factors, where it is the one who quantised.
  var modules: CompressedTensorsLayout?

  /// Whether a layer of this form must be listed.
  static func lists(_ form: LinearForm) -> Bool {
    guard form.terms.count == 1, form.terms[0].count == 1, case .dense = form.terms[0][0].storage else {
      return true
    }
    return false
  }

  /// What is written for the listed ones among these layers, in their order; nil when none is.
  static func json(_ linears: [(name: String, form: LinearForm)]) -> JSON? {
    var members = JSONObject()
    for (name, form) in linears where lists(form) {
      members[name] = .array(form.terms.map { .array($0.map { json($0.storage) }) })
    }
    guard !members.isEmpty else { return nil }
    return [
      "format": .string(format), "version": .integer(version), "linears": .object(members),
    ]
  }

  static func json(_ storage: FactorForm.Storage) -> JSON {
    switch storage {
    case .dense: ["storage": "dense"]
    case .diagonal: ["storage": "diagonal"]
    case .quantized(let scheme):
      [
        "storage": "quantized", "bits": .integer(scheme.bits), "group_size": .integer(scheme.groupSize),
        "symmetric": .bool(scheme.isSymmetric),
      ]
    case .codebook(let scheme):
      ["storage": "codebook", "bits": .integer(scheme.bits), "group_size": .integer(scheme.groupSize)]
    }
  }
}
