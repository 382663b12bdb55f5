import Graph
import Tensors

/// A plain Hugging Face folder: one matrix a layer, no codes. Any loader of the architecture reads it.
struct DenseFormat: ExportFormat {
  let name = "dense"
  let summary = "Hugging Face folder with one dense matrix a layer; loads anywhere"
  let place = ExportPlace.folder()
  let holdsFactors = false

  func check(_ subject: ExportSubject) throws(ExportError) -> [String] { [] }

  func write(_ source: ExportSource, to path: String) throws(ExportError) {
    var folder = try ExportFolder(source)
    for node in source.subject.nodes { folder.addDense(node) }
    try folder.write(into: path)
  }
}

extension ExportFolder {
  /// Adds the layer `node` as `<node>.weight`. Codes are looked up in f32 and rounded once to the type asked for, else
  /// to that of their scales.
  mutating func addDense(_ node: Node) {
    let source = source
    let type = source.subject.options.elementType ?? node.elementType
    tensors.append(
      ExportTensor("\(node.name).weight", type, [node.outFeatures, node.inFeatures]) {
        () throws(ExportError) in
        let linear = try source.linear(node)
        if linear.terms.count == 1, linear.terms[0].count == 1, case .dense(let weight) = linear.terms[0][0] {
          return try ExportSource.converted(weight, to: type, name: "\(node.name).weight")
        }
        return try source.dense(linear, of: node, as: type)
      })
  }
}
