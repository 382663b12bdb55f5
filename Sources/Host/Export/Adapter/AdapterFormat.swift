import Graph
import ModelIO
import Tensors

/// A base model and a LoRA adapter for PEFT, from layers that are one matrix plus a low-rank term.
///
/// `base/` is a dense folder, or a compressed-tensors one where a matrix is in codes. All factors are padded with
/// zeros to one rank and the scale is 1, since vLLM reads one rank and one scale for all.
struct AdapterFormat: ExportFormat {
  let name = "peft"
  let summary = "PEFT LoRA adapter and its base, from layers that are a matrix plus a low-rank term"
  let place = ExportPlace.folder(subfolders: ["base", "adapter"])
  let holdsFactors = true

  func check(_ subject: ExportSubject) throws(ExportError) -> [String] {
    let split = try AdapterSplit(subject, format: name)
    let largest = split.rank
    var warnings = split.hasCodes ? try ModuleTable(split.base, format: name).warnings : []
    if ![1, 8, 16, 32, 64, 128, 256, 320, 512].contains(where: { $0 >= largest }) {
      warnings.append("vLLM takes ranks up to 512, this adapter has \(largest)")
    }
    return warnings
  }

  func write(_ source: ExportSource, to path: String) throws(ExportError) {
    let split = try AdapterSplit(source.subject, format: name)
    try ExportError.reading { () throws(ModelIOError) in
      try FolderWriter.makeFolder("base", in: path)
      try FolderWriter.makeFolder("adapter", in: path)
    }
    try writeBase(source, split, into: "\(path)/base")
    try writeAdapter(source, split, into: "\(path)/adapter")
  }

  private func writeBase(
    _ source: ExportSource, _ split: AdapterSplit, into path: String
  ) throws(ExportError) {
    var folder = try ExportFolder(source)
    for node in source.subject.nodes {
      let term = source.model.linears[node.index].terms[split.baseTerm[node.index]]
      for (part, tensor) in zip(term[0].form.parts, term[0].tensors) {
        folder.add("\(node.name).\(part.suffix)", tensor)
      }
    }
    if split.hasCodes {
      let table = try ModuleTable(split.base, format: name)
      folder.configuration[FactorLayout.key] = table.configuration(format: "pack-quantized")
    }
    try folder.write(into: path)
  }

  private func writeAdapter(
    _ source: ExportSource, _ split: AdapterSplit, into path: String
  ) throws(ExportError) {
    let rank = split.rank
    var entries: [ExportTensor] = []
    for (index, term) in split.adapterTerm.sorted(by: { $0.key < $1.key }) {
      let node = source.subject.nodes[index]
      let factors = source.model.linears[index].terms[term]
      let type = source.subject.options.elementType ?? node.elementType
      let prefix = "base_model.model.\(node.name)"
      entries.append(
        ExportTensor("\(prefix).lora_A.weight", type, [rank, node.inFeatures]) { () throws(ExportError) in
          try Self.padded(factors[0], rows: rank, columns: node.inFeatures, type, "\(prefix).lora_A.weight")
        })
      entries.append(
        ExportTensor("\(prefix).lora_B.weight", type, [node.outFeatures, rank]) { () throws(ExportError) in
          try Self.padded(factors[1], rows: node.outFeatures, columns: rank, type, "\(prefix).lora_B.weight")
        })
    }
    try ExportFolder.write(entries, to: "\(path)/adapter_model.safetensors", isCancelled: source.isCancelled)
    let text = split.configuration(rank: rank).text(indent: 2) + "\n"
    try ExportError.reading { () throws(ModelIOError) in
      _ = try FolderWriter.write(text, as: "adapter_config.json", into: path)
    }
  }

  /// The factor in the upper left corner of a matrix of zeros.
  private static func padded(
    _ factor: Factor, rows: Int, columns: Int, _ type: ElementType, _ name: String
  ) throws(ExportError) -> Tensor {
    let form = factor.form
    var values = [Float](repeating: 0, count: form.rows * form.columns)
    var failure: TensorError?
    values.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      do throws(TensorError) { try factor.copyFloats(to: base) } catch { failure = error }
    }
    if let failure { throw .tensor(name: name, failure) }
    var all = [Float](repeating: 0, count: rows * columns)
    for row in 0..<form.rows {
      for column in 0..<form.columns { all[row * columns + column] = values[row * form.columns + column] }
    }
    return try ExportSource.converted(Tensor([rows, columns], all), to: type, name: name)
  }
}
