import Graph
import LinearAlgebra
import ModelIO
import PluginHost
import Runtime
import Tensors

/// `lathe compare`
enum CompareCommand: Command {
  static let name = "compare"
  static let operandUsage = "A B"
  static let operands = 2...2
  static let summary = "compare two models layer by layer: shapes, bytes, relative error of the weights"
  static let discussion =
    "The error is ||A - B|| / ||A|| in the Frobenius norm, of the matrices the layers stand for; scales that a strategy "
    + "moved between layers, or into norms, are taken out first."
  static let options: [Option] = [.threads, .json]

  private struct Row {
    let name: String
    let left: String
    let right: String
    let bytes: (left: Int, right: Int)
    let error: Double?
  }

  static func run(_ arguments: Arguments, _ session: Session) throws -> ExitStatus {
    let left = try Checkpoint(directory: arguments.operands[0])
    let right = try Checkpoint(directory: arguments.operands[1])
    var rows: [Row] = []
    let rightNodes = Dictionary(
      right.model.nodes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let scaling = CompareScaling(left, right, session.workers)
    for node in left.model.nodes {
      if Interruption.wasRequested { return .interrupted }
      let a = left.model.linears[node.index]
      guard let other = rightNodes[node.name] else {
        rows.append(
          Row(
            name: node.name, left: FormText.text(a.form), right: "missing", bytes: (a.form.byteCount, 0),
            error: nil))
        continue
      }
      let b = right.model.linears[other.index]
      rows.append(
        Row(
          name: node.name, left: FormText.text(a.form), right: FormText.text(b.form),
          bytes: (a.form.byteCount, b.form.byteCount),
          error: try scaling.weights(node, other).map { relative($0.a, $0.b) }))
    }
    rows += try others(left.model, right.model)
    session.isJSON ? session.print(json(rows)) : session.print(text(rows, left.model, right.model))
    return .done
  }

  private static func others(_ left: Model, _ right: Model) throws -> [Row] {
    try Set(left.others.keys).union(right.others.keys).sorted().map { name in
      let (a, b) = (left.others[name], right.others[name])
      func form(_ tensor: Tensor?) -> String {
        tensor.map { "\($0.shape) \($0.elementType.rawValue)" } ?? "missing"
      }
      let bytes = (a?.byteCount ?? 0, b?.byteCount ?? 0)
      guard let a, let b, a.shape == b.shape, a.elementType.isReal, b.elementType.isReal else {
        return Row(name: name, left: form(a), right: form(b), bytes: bytes, error: nil)
      }
      return Row(
        name: name, left: form(a), right: form(b), bytes: bytes,
        error: relative(try a.floats(), try b.floats()))
    }
  }

  private static func relative(_ left: [Float], _ right: [Float]) -> Double {
    var (difference, norm) = (0.0, 0.0)
    for (a, b) in zip(left, right) {
      difference += (Double(a) - Double(b)) * (Double(a) - Double(b))
      norm += Double(a) * Double(a)
    }
    return norm > 0 ? (difference / norm).squareRoot() : (difference > 0 ? .infinity : 0)
  }

  private static func text(_ rows: [Row], _ left: Model, _ right: Model) -> String {
    var table = TextTable(["tensor", "A", "B", "bytes A", "bytes B", "error"], rightAligned: [3, 4, 5])
    for row in rows where row.error != 0 || row.left != row.right {
      table.add([
        row.name, row.left, row.right, "\(row.bytes.left)", "\(row.bytes.right)",
        row.error.map(Decimals.short) ?? "",
      ])
    }
    let same = rows.count { $0.error == 0 && $0.left == $0.right }
    let (a, b) = (ModelSnapshot(left).byteCount, ModelSnapshot(right).byteCount)
    let total =
      "A \(a) bytes, B \(b) bytes (\(Decimals.percent(Double(b) / Double(max(a, 1)))) of A); \(same) of \(rows.count) the same"
    return same == rows.count ? total : table.text + "\n\n" + total
  }

  private static func json(_ rows: [Row]) -> JSON {
    .array(
      rows.map { row in
        [
          "name": .string(row.name), "a": .string(row.left), "b": .string(row.right),
          "bytes_a": .integer(row.bytes.left),
          "bytes_b": .integer(row.bytes.right), "relative_error": row.error.map(JSON.number) ?? .null,
        ]
      })
  }
}
