import Graph
import ModelIO

/// The linear modules of an export and their schemes: what `config_groups` and `ignore` are made of.
///
/// Every module in codes is matched by exactly one group, and none of them by `ignore`.
struct ModuleTable {
  /// Modules in codes, in the order of the model. `place` is the name with the block's number taken out, so that the
  /// same module of all blocks has one place.
  private(set) var schemes: [(name: String, place: String, scheme: ModuleScheme)] = []
  /// Names of the linear modules that are not in codes.
  private(set) var dense: [(name: String, place: String)] = []

  /// Throws what `format` cannot hold.
  init(_ subject: ExportSubject, format: String) throws(ExportError) {
    for node in subject.nodes {
      let form = subject.forms[node.index]
      for (names, term) in zip(form.factorNames, form.terms) {
        for (below, factor) in zip(names, term) {
          let name = below.isEmpty ? node.name : "\(node.name).\(below.dropLast())"
          try add(factor, name: name, node: node, format: format)
        }
      }
    }
    guard !schemes.isEmpty else {
      throw .whole(
        format: format, reason: "none of its layers is in codes; quantise it first, or choose dense")
    }
    // The head of a tied model is no layer here, but a module there.
    if subject.configuration.isTied { dense.append((name: "lm_head", place: "lm_head")) }
  }

  private mutating func add(
    _ factor: FactorForm, name: String, node: Node, format: String
  ) throws(ExportError) {
    let place = Self.place(name, block: node.block)
    switch ExportForm(factor) {
    case .dense: dense.append((name, place))
    case .quantized(let scheme):
      do throws(ModuleRefusal) {
        schemes.append((name, place, try ModuleScheme(scheme, columns: factor.columns)))
      } catch { throw .layer(name, format: format, reason: error.reason) }
    case .other(let kind):
      throw .layer(node.name, format: format, reason: "one of its factors is \(kind)")
    }
  }

  private static func place(_ name: String, block: Int?) -> String {
    guard let block, let range = name.range(of: ".\(block).") else { return name }
    return name[..<range.lowerBound] + ".#." + name[range.upperBound...]
  }

  /// The schemes, each with the targets that match its modules and no other's.
  ///
  /// One scheme alone has the class name as its target, as vLLM likes best; several have an expression for every
  /// place that all blocks store alike, and names for the rest.
  var groups: [(scheme: ModuleScheme, targets: [String])] {
    var order: [ModuleScheme] = []
    for module in schemes where !order.contains(module.scheme) { order.append(module.scheme) }
    if order.count == 1 { return [(order[0], ["Linear"])] }
    return order.map { scheme in (scheme, targets(of: scheme)) }
  }

  private func targets(of scheme: ModuleScheme) -> [String] {
    var result: [String] = []
    var done: Set<String> = []
    for module in schemes where module.scheme == scheme {
      let isUniform =
        schemes.allSatisfy { $0.place != module.place || $0.scheme == scheme }
        && !dense.contains { $0.place == module.place } && module.place.contains("#")
      if isUniform {
        guard done.insert(module.place).inserted else { continue }
        let escaped = module.place.map { $0 == "." ? "\\." : $0 == "#" ? "[0-9]+" : String($0) }.joined()
        result.append("re:^\(escaped)$")
      } else {
        result.append(module.name)
      }
    }
    return result
  }

  /// What vLLM is known not to load.
  var warnings: [String] {
    var result: [String] = []
    for (scheme, _) in groups {
      if let reason = scheme.vLLMRefuses { result.append("vLLM does not load \(reason)") }
    }
    if let fused = firstUnevenSibling {
      result.append("vLLM fuses \(fused) and needs one storage for all of them; other loaders do not")
    }
    return result
  }

  /// Modules that vLLM makes one layer of, and that are not stored alike.
  private var firstUnevenSibling: String? {
    var stored: [String: ModuleScheme?] = [:]
    for module in schemes { stored[module.name] = .some(module.scheme) }
    for module in dense { stored[module.name] = .some(nil) }
    for name in stored.keys.sorted() {
      for siblings in [["q_proj", "k_proj", "v_proj"], ["gate_proj", "up_proj"]] {
        guard name.hasSuffix("." + siblings[0]) else { continue }
        let prefix = name.dropLast(siblings[0].count)
        let found = siblings.map { stored["\(prefix)\($0)"] ?? nil }
        if Set(found).count > 1 { return siblings.map { prefix + $0 }.joined(separator: ", ") }
      }
    }
    return nil
  }
}
