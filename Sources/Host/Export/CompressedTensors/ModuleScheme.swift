import Graph
import ModelIO
import Tensors

/// How compressed-tensors stores one linear module: what its configuration says of it.
struct ModuleScheme: Hashable {
  let bits: Int
  /// 0: one scale a row.
  let groupSize: Int
  let isSymmetric: Bool

  /// Throws where the format has no such codes, with the reason alone.
  init(_ scheme: QuantizationScheme, columns: Int) throws(ModuleRefusal) {
    bits = scheme.bits
    isSymmetric = scheme.isSymmetric
    // One short group is a row.
    groupSize = scheme.groupSize >= columns ? 0 : scheme.groupSize
    guard groupSize == 0 || columns.isMultiple(of: groupSize) else {
      throw ModuleRefusal(
        reason:
          "its \(columns) columns do not divide into groups of \(groupSize); compress with a group size that "
          + "divides them, or 0 for one scale a row")
    }
  }

  /// `weights` of a config group. Keys that recent releases added are left out, since older readers refuse them.
  var weights: JSON {
    var members: JSONObject = [
      "num_bits": .integer(bits), "type": "int", "symmetric": .bool(isSymmetric),
      "strategy": .string(groupSize == 0 ? "channel" : "group"),
      "group_size": groupSize == 0 ? .null : .integer(groupSize), "dynamic": false, "actorder": .null,
    ]
    members["block_structure"] = .null
    return .object(members)
  }

  /// What vLLM is known to refuse; nil where nothing is.
  var vLLMRefuses: String? {
    if ![4, 8].contains(bits) { return "\(bits) bits, where it has kernels for 4 and 8" }
    if ![0, 32, 64, 128].contains(groupSize) {
      return "groups of \(groupSize), where it has 32, 64, 128 and whole rows"
    }
    return nil
  }
}

/// Why one module cannot be stored.
struct ModuleRefusal: Error { let reason: String }
