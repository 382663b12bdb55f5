import Graph

/// Puts every tensor of a model into its place in a GGUF file, and gathers what the user should know about it.
struct GGUFPlaces {
  private let subject: ExportSubject
  private let architecture: GGUFArchitecture
  private let choice: GGUFTypeChoice
  private(set) var tensors: [(tensor: GGUFTensor, source: GGUFPlan.Source)] = []
  private var fallbacks: [String: [String]] = [:]
  private var encodedAnew: [String] = []
  private var placed: Set<String> = []

  init(_ subject: ExportSubject, _ architecture: GGUFArchitecture, _ choice: GGUFTypeChoice) {
    self.subject = subject
    self.architecture = architecture
    self.choice = choice
  }

  mutating func fill(frequencyFactors: [Float]?) throws(GGUFObstacle) {
    let model = subject.checkpoint.model
    let names = model.names
    try embedding(names.embedding)
    if let frequencyFactors {
      add("rope_freqs.weight", [frequencyFactors.count], .f32, .values(frequencyFactors))
    }
    for block in 0..<subject.configuration.blockCount {
      var norms = [(names.inputNorm, "attn_norm"), (names.postAttentionNorm, "ffn_norm")]
      if subject.configuration.hasQueryKeyNorm {
        norms += [(names.queryNorm, "attn_q_norm"), (names.keyNorm, "attn_k_norm")]
      }
      for (template, part) in norms {
        norm(TensorNames.name(template, block: block), as: "blk.\(block).\(part).weight")
      }
      for node in model.nodes(inBlock: block) { try linear(node) }
    }
    norm(names.finalNorm, as: "output_norm.weight")
    for node in model.nodes where node.block == nil { try linear(node) }
  }

  private mutating func add(
    _ name: String, _ shape: [Int], _ type: GGUFType, _ source: GGUFPlan.Source
  ) {
    tensors.append((GGUFTensor(name: name, shape: shape, type: type), source))
  }

  private mutating func norm(_ name: String, as target: String) {
    guard let tensor = subject.checkpoint.model.others[name] else { return }
    placed.insert(name)
    add(target, tensor.shape, .f32, .other(name))
  }

  private mutating func embedding(_ name: String) throws(GGUFObstacle) {
    guard let tensor = subject.checkpoint.model.others[name] else { return }
    placed.insert(name)
    let form = FactorForm(
      rows: tensor.shape[0], columns: tensor.shape[1], storage: .dense(tensor.elementType))
    let type = try type(of: form, as: "token_embd.weight", node: name, isEmbedding: true)
    add("token_embd.weight", tensor.shape, type, .other(name))
  }

  private mutating func linear(_ node: Node) throws(GGUFObstacle) {
    guard let form = ExportForm.single(subject.forms[node.index]) else { throw .factored(linear: node.name) }
    let target = GGUFArchitecture.tensorName(of: node)
    let order = architecture.rowOrder(of: node.role, subject.configuration)
    let type = try type(of: form, as: "\(target).weight", node: node.name, isEmbedding: node.block == nil)
    add("\(target).weight", [node.outFeatures, node.inFeatures], type, .linear(node, order))
    if subject.checkpoint.model.linears[node.index].bias != nil {
      add("\(target).bias", [node.outFeatures], .f32, .bias(node, order))
    }
  }

  private mutating func type(
    of form: FactorForm, as target: String, node: String, isEmbedding: Bool
  ) throws(GGUFObstacle) -> GGUFType {
    guard let wanted = choice.wanted(isEmbedding: isEmbedding) else {
      return try GGUFTypeChoice.kept(form, linear: node)
    }
    let type = wanted.fitting(columns: form.columns)
    if type != wanted {
      fallbacks[
        "\(form.columns) values are no multiple of \(wanted.blockLength), the block of \(wanted.name): "
          + "stored as \(type.name)", default: []
      ].append(target)
    }
    if case .quantized(let scheme) = form.storage, type.codec != nil,
      !type.holds(scheme, columns: form.columns)
    {
      encodedAnew.append(target)
    }
    return type
  }

  /// Sentences about all tensors of a kind.
  var warnings: [String] {
    var lines = fallbacks.sorted { $0.key < $1.key }.map { reason, names in
      "rows of \(reason): \(Self.list(names))"
    }
    if !encodedAnew.isEmpty {
      lines.append(
        "layers in codes that their new type cannot hold are decoded and encoded anew, which loses a little "
          + "more: \(Self.list(encodedAnew))")
    }
    let rest = subject.checkpoint.model.others.keys.filter { !placed.contains($0) }.sorted()
    if !rest.isEmpty {
      lines.append("tensors that are no part of the model are left out: \(Self.list(rest))")
    }
    return lines
  }

  private static func list(_ names: [String]) -> String {
    names.count <= 3
      ? names.joined(separator: ", ") : "\(names[0]), \(names[1]) and \(names.count - 2) more"
  }
}
