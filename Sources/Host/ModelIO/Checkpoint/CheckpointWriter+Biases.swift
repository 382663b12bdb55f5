import Graph

extension CheckpointWriter {
  /// `config.json` of the source, with the keys that announce biases set to true where every layer they speak of has
  /// one now: a strategy may have added them, and other readers look for what the configuration says.
  ///
  /// Where only some have one, or the architecture has no such key, nothing is said: Lathe finds a bias by its name.
  func configuration(biased names: Set<String>, nodes: [Node]) -> JSON {
    guard var members = source.configuration.objectValue,
      let architecture = try? Architecture.named(source.model.configuration.architecture)
    else { return source.configuration }
    var speaksOf: [String: [Node]] = [:]
    for node in nodes {
      if case .key(let key) = architecture.biasRule(of: node.role) { speaksOf[key, default: []].append(node) }
    }
    for (key, layers) in speaksOf.sorted(by: { $0.key < $1.key })
    where members[key] != .bool(true) && layers.allSatisfy({ names.contains("\($0.name).bias") }) {
      members[key] = .bool(true)
    }
    return .object(members)
  }
}
