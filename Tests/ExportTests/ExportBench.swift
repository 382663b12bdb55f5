import Foundation
import Graph
import LinearAlgebra
import ModelIO
import Tensors
import TestSupport

@testable import Export

/// A small model in a folder, and exports of it.
struct ExportBench {
  let folder = TestFolder()
  let path: String

  /// Writes a random model whose linear layers `change` may replace.
  init(
    _ family: SyntheticFolder.Family = .llama, elementType: ElementType = .bf16, isTied: Bool = false,
    change: (Node, Linear) throws -> Linear? = { _, _ in nil }
  ) throws {
    let plain = try SyntheticFolder.write(
      into: folder, as: "plain", family: family, isTied: isTied, elementType: elementType)
    let checkpoint = try Checkpoint(directory: plain)
    var model = checkpoint.model
    for node in model.nodes {
      if let changed = try change(node, model.linears[node.index]) { try model.replace(node, with: changed) }
    }
    path = folder.file("model")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    _ = try CheckpointWriter(source: checkpoint).write(model, into: path)
  }

  func checkpoint() throws -> Checkpoint { try Checkpoint(directory: path) }

  /// Exports to `name` in the folder and returns its path.
  @discardableResult
  func export(
    _ format: String, to name: String = "out", options: ExportOptions = ExportOptions(), threads: Int = 1,
    replaces: Bool = false, isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> String {
    let run = ExportRun(
      format: try ExportFormats.named(format), options: options, output: folder.file(name),
      replacesOutput: replaces)
    let checkpoint = try checkpoint()
    _ = try run.check(checkpoint, forms: checkpoint.model.linears.map(\.form))
    _ = try run.write(
      checkpoint.model, from: checkpoint, workers: Workers(threads: threads), isCancelled: isCancelled)
    return folder.file(name)
  }

  /// What is in the folder besides the models the bench starts with.
  var leftovers: [String] { folder.names().filter { !["plain", "model"].contains($0) } }
}

/// Layers for tests.
enum TestLayers {
  /// `matrix` rounded to codes, by the plainest rule there is.
  static func quantized(
    _ matrix: Tensor, bits: Int, groupSize: Int, isSymmetric: Bool, scaleType: ElementType
  ) throws -> Factor {
    let (rows, columns) = (matrix.shape[0], matrix.shape[1])
    let scheme = QuantizationScheme(
      bits: bits, groupSize: groupSize, isSymmetric: isSymmetric, scaleType: scaleType)
    let groups = scheme.groupCount(columns: columns)
    let width = groupSize == 0 ? columns : groupSize
    let values = try matrix.floats()
    var codes = [UInt8](repeating: 0, count: rows * columns)
    var zeros = [UInt8](repeating: 0, count: rows * groups)
    var scales = [Float](repeating: 0, count: rows * groups)
    let top = Float((1 << bits) - 1)
    for row in 0..<rows {
      for group in 0..<groups {
        let range = row * columns + group * width..<row * columns + min(columns, (group + 1) * width)
        let low = min(values[range].min() ?? 0, 0)
        let high = max(values[range].max() ?? 0, 0)
        let ideal = isSymmetric ? max(high, -low) / (top / 2) : (high - low) / top
        let scale = try Tensor([1], [max(ideal, 1e-4)]).converted(to: scaleType).floats()[0]
        let zero = isSymmetric ? Float(1 << (bits - 1)) : min(max((-low / scale).rounded(), 0), top)
        scales[row * groups + group] = scale
        zeros[row * groups + group] = UInt8(zero)
        for i in range { codes[i] = UInt8(min(max((values[i] / scale).rounded() + zero, 0), top)) }
      }
    }
    let stored = try Tensor([rows, groups], scales).converted(to: scaleType)
    return codes.withUnsafeBufferPointer { codes in
      zeros.withUnsafeBufferPointer { zeros in
        .quantized(
          QuantizedMatrix(
            rows: rows, columns: columns, scheme: scheme, codes: codes, scales: stored,
            zeroCodes: isSymmetric ? nil : zeros))
      }
    }
  }

  /// Random factors `[out, rank]` and `[rank, in]` of the node's type.
  static func factors(_ node: Node, rank: Int, seed: UInt64 = 7) throws -> [Factor] {
    let stream = UInt64(node.index)
    let b = RandomModel.normals([rank, node.inFeatures], seed: seed, stream: stream, deviation: 0.2)
    let a = RandomModel.normals([node.outFeatures, rank], seed: seed + 1, stream: stream, deviation: 0.2)
    return try [.dense(b.converted(to: node.elementType)), .dense(a.converted(to: node.elementType))]
  }

  /// The layer with other terms.
  static func replacing(_ linear: Linear, terms: [[Factor]]) throws -> Linear {
    try Linear(
      outFeatures: linear.outFeatures, inFeatures: linear.inFeatures, terms: terms, bias: linear.bias)
  }
}
