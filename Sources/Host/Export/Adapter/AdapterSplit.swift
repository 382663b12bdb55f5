import Graph
import ModelIO

/// Which term of every layer is the base and which the adapter.
struct AdapterSplit {
  /// The subject with the base matrices alone.
  let base: ExportSubject
  /// By node.
  let baseTerm: [Int]
  /// By node, where it has one.
  let adapterTerm: [Int: Int]
  /// The largest rank of an adapter.
  let rank: Int
  /// Whether a base matrix is in codes.
  let hasCodes: Bool
  private let names: [String]

  init(_ subject: ExportSubject, format: String) throws(ExportError) {
    var forms = subject.forms
    var baseTerm = [Int](repeating: 0, count: subject.nodes.count)
    var adapterTerm: [Int: Int] = [:]
    var rank = 0
    for node in subject.nodes {
      let form = subject.forms[node.index]
      guard let term = form.terms.firstIndex(where: { ExportForm.isOneMatrix(LinearForm(terms: [$0])) })
      else {
        throw .layer(
          node.name, format: format,
          reason:
            "it is \(ExportForm.text(form)), without a term that is one dense or packed matrix; an adapter "
            + "adds to one, so choose factored-hf or compressed-tensors")
      }
      baseTerm[node.index] = term
      forms[node.index] = LinearForm(terms: [form.terms[term]])
      guard form.terms.count > 1 else { continue }
      guard form.terms.count == 2, form.terms[1 - term].count == 2 else {
        throw .layer(
          node.name, format: format,
          reason: "it is \(ExportForm.text(form)); an adapter is one more term of two factors")
      }
      adapterTerm[node.index] = 1 - term
      rank = max(rank, form.terms[1 - term][0].rows)
    }
    guard !adapterTerm.isEmpty else {
      throw .whole(
        format: format,
        reason: "no layer has a low-rank term beside its matrix; choose dense or compressed-tensors")
    }
    base = subject.with(forms)
    self.baseTerm = baseTerm
    self.adapterTerm = adapterTerm
    self.rank = rank
    names = subject.nodes.filter { adapterTerm[$0.index] != nil }.map(\.name)
    hasCodes = forms.joinedFactors.contains { if case .quantized = ExportForm($0) { true } else { false } }
  }

  /// `adapter_config.json`.
  func configuration(rank: Int) -> JSON {
    [
      "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": .null, "r": .integer(rank),
      "lora_alpha": .integer(rank), "lora_dropout": 0.0, "bias": "none",
      "target_modules": .array(names.map(JSON.string)), "rank_pattern": [:], "alpha_pattern": [:],
      "use_rslora": false, "use_dora": false, "fan_in_fan_out": false, "inference_mode": true,
      "modules_to_save": .null, "init_lora_weights": true,
    ]
  }
}

extension [LinearForm] {
  /// All factors of all layers.
  var joinedFactors: [FactorForm] { flatMap { Array<FactorForm>($0.terms.joined()) } }
}
