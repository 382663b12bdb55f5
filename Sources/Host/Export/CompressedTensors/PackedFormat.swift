import Graph
import ModelIO
import Tensors

/// compressed-tensors `pack-quantized`: codes in 32-bit words. Dense layers of a model stay as they are; factored
/// layers need the modelling file as well.
struct PackedFormat: ExportFormat {
  let name = "compressed-tensors"
  let summary = "compressed-tensors pack-quantized folder (transformers, vLLM), also of factors"
  let place = ExportPlace.folder()
  let holdsFactors = true

  func check(_ subject: ExportSubject) throws(ExportError) -> [String] {
    let table = try ModuleTable(subject, format: name)
    let hasFactors = subject.forms.contains { !ExportForm.isOneMatrix($0) }
    let narrow = table.groups.map(\.scheme.bits).first { ![1, 2, 4, 8].contains($0) }
    return table.warnings
      + (narrow.map {
        [
          "\($0)-bit codes straddle words, which compressed-tensors reads so since 2026; older ones read them wrongly"
        ]
      } ?? [])
      + (hasFactors
        ? ["factored layers need the modelling file beside them: load with trust_remote_code"] : [])
  }

  func write(_ source: ExportSource, to path: String) throws(ExportError) {
    let subject = source.subject
    let table = try ModuleTable(subject, format: name)
    var folder = try ExportFolder(source)
    for node in subject.nodes {
      let linear = try source.linear(node)
      for (name, tensor) in linear.storedTensors where name != "bias" {
        folder.add("\(node.name).\(name)", tensor)
      }
    }
    // To the modelling file a packed factor is a linear module like any other.
    folder.addModellingFile(subject.forms.map(Self.asModules))
    folder.configuration[FactorLayout.key] = table.configuration(format: "pack-quantized")
    try folder.write(into: path)
  }

  private static func asModules(_ form: LinearForm) -> LinearForm {
    LinearForm(
      terms: form.terms.map { term in
        term.map { factor in
          guard case .quantized(let scheme) = ExportForm(factor) else { return factor }
          return FactorForm(rows: factor.rows, columns: factor.columns, storage: .dense(scheme.scaleType))
        }
      })
  }
}

extension ModuleTable {
  /// `quantization_config` as compressed-tensors, transformers and vLLM read it.
  func configuration(format: String, activations: JSON = .null) -> JSON {
    var members = JSONObject()
    for (number, (scheme, targets)) in groups.enumerated() {
      members["group_\(number)"] = [
        "targets": .array(targets.map(JSON.string)), "weights": scheme.weights,
        "input_activations": activations, "output_activations": .null,
      ]
    }
    return [
      "quant_method": "compressed-tensors", "format": .string(format), "quantization_status": "compressed",
      "config_groups": .object(members), "ignore": .array(dense.map { .string($0.name) }),
      "kv_cache_scheme": .null, "global_compression_ratio": .null,
    ]
  }
}
