import ModelIO

extension ModuleTable {
  /// `quantization_config`, which is also `quantize_config.json`.
  ///
  /// The scheme of most modules stands for all; `dynamic` has the exceptions, and those that stay dense.
  func gptqConfiguration(version: GPTQFormat.Version) -> JSON {
    let counted = groups.map { group in
      (group: group, count: schemes.count { $0.scheme == group.scheme })
    }
    // The first of the largest.
    let main = counted.reduce(counted[0]) { $1.count > $0.count ? $1 : $0 }.group
    var dynamic = JSONObject()
    for module in dense where module.name != "lm_head" {
      dynamic["-:^\(Self.escaped(module.name))$"] = [:]
    }
    for (scheme, targets) in groups where scheme != main.scheme {
      for target in targets {
        let expression = target.hasPrefix("re:") ? String(target.dropFirst(3)) : "^\(Self.escaped(target))$"
        dynamic["+:\(expression)"] = .object(Self.members(scheme))
      }
    }
    var members = Self.members(main.scheme)
    members["desc_act"] = false
    members["lm_head"] = .bool(schemes.contains { $0.name == "lm_head" })
    members["quant_method"] = "gptq"
    members["checkpoint_format"] = .string(version.rawValue)
    members["pack_dtype"] = "int32"
    members["true_sequential"] = true
    members["static_groups"] = false
    members["dynamic"] = dynamic.isEmpty ? .null : .object(dynamic)
    members["meta"] = ["quantizer": ["lathe"]]
    return .object(members)
  }

  private static func members(_ scheme: ModuleScheme) -> JSONObject {
    [
      "bits": .integer(scheme.bits), "group_size": .integer(scheme.groupSize == 0 ? -1 : scheme.groupSize),
      "sym": .bool(scheme.isSymmetric),
    ]
  }

  private static func escaped(_ name: String) -> String {
    name.map { $0 == "." ? "\\." : String($0) }.joined()
  }
}
