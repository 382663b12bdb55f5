import Graph
import ModelIO
import Tensors

/// compressed-tensors `int-quantized`: one byte a weight, one scale a row, activations rounded to 8 bits by the
/// runtime (W8A8), which is the only use runtimes make of this layout.
struct IntegerFormat: ExportFormat {
  let name = "int-quantized"
  let summary = "compressed-tensors int-quantized folder: 8 bits, activations rounded as well (W8A8)"
  let place = ExportPlace.folder()
  let holdsFactors = false

  /// Activations get a scale for every token, as they come.
  private static let activations: JSON = [
    "num_bits": 8, "type": "int", "symmetric": true, "strategy": "token", "dynamic": true, "observer": .null,
  ]

  func check(_ subject: ExportSubject) throws(ExportError) -> [String] {
    for node in subject.nodes {
      guard let factor = ExportForm.single(subject.forms[node.index]),
        case .quantized(let scheme) = ExportForm(factor)
      else { continue }
      let found =
        "it has \(scheme.bits) bits, \(scheme.groupSize == 0 ? "a scale a row" : "groups of \(scheme.groupSize)"), "
        + (scheme.isSymmetric ? "no zero points" : "zero points")
      guard scheme.bits == 8, scheme.isSymmetric, scheme.groupSize == 0 || scheme.groupSize >= factor.columns
      else {
        throw .layer(
          node.name, format: name,
          reason:
            "\(found), but the layout is 8 bits with a scale a row and no zero points; quantise with bits 8, "
            + "group_size 0, symmetric true, or choose compressed-tensors")
      }
    }
    let table = try ModuleTable(subject, format: name)
    return table.warnings + ["runtimes round activations to 8 bits too, so their outputs differ from Lathe's"]
  }

  func write(_ source: ExportSource, to path: String) throws(ExportError) {
    let table = try ModuleTable(source.subject, format: name)
    var folder = try ExportFolder(source)
    for node in source.subject.nodes {
      guard let factor = ExportForm.single(source.subject.forms[node.index]),
        case .quantized = ExportForm(factor)
      else {
        folder.addDense(node)
        continue
      }
      folder.addBytes(node)
    }
    folder.configuration[FactorLayout.key] = table.configuration(
      format: "int-quantized", activations: Self.activations)
    try folder.write(into: path)
  }
}

extension ExportFolder {
  /// Adds the codes of `node` as signed bytes `[out, in]`, and its scales.
  fileprivate mutating func addBytes(_ node: Node) {
    guard case .quantized(let matrix) = source.model.linears[node.index].terms[0][0] else { return }
    tensors.append(
      ExportTensor("\(node.name).weight", .i8, [matrix.rows, matrix.columns]) { () throws(ExportError) in
        let codes = matrix.codes()
        return Tensor(.i8, [matrix.rows, matrix.columns]) { bytes in
          // Codes count from 0, bytes from -128: the top bit flips.
          for (i, code) in codes.enumerated() { bytes[i] = code ^ 0x80 }
        }
      })
    add("\(node.name).weight_scale", matrix.scales)
  }
}
