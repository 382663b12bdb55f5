import Calibration
import Graph
import LinearAlgebra
import Runtime
import Tensors
import TestSupport

/// Inputs of every layer, captured by running whole windows through whole models: the slow form of a pass.
struct NaiveInputs {
  /// `[tokens, in]` by block and site, rows in the order of the text.
  private(set) var rows: [Int: [InputSite: [[Double]]]] = [:]
  /// The residual stream before and after each block.
  private(set) var before: [Int: [[Double]]] = [:]
  private(set) var after: [Int: [[Double]]] = [:]

  /// `models[b]` is the model whose blocks before b are used for the inputs of block b, and whose block b is run.
  init(_ windows: [[Int32]], upTo blocks: Int, model: (Int) -> Model) throws {
    for window in windows {
      for last in 0..<blocks {
        let upstream = model(last)
        let rotary = RotaryTable(upstream.configuration.rotary, length: window.count)
        var hidden = try EmbeddingTable(model: upstream).forward(window)
        for block in 0..<last {
          try PreparedBlock(model: upstream, block: block, workers: .serial).forward(&hidden, rotary: rotary)
        }
        before[last, default: []] += Self.rows(hidden)
        var captured: [InputSite: [[Double]]] = [:]
        let own = try PreparedBlock(model: model(blocks), block: last, workers: .serial)
        try own.forward(&hidden, rotary: rotary) { site, view in
          captured[site, default: []] += (0..<view.rows).map { row in
            (0..<view.columns).map { Double(view[row, $0]) }
          }
        }
        after[last, default: []] += Self.rows(hidden)
        for (site, values) in captured { rows[last, default: [:]][site, default: []] += values }
      }
    }
  }

  private static func rows(_ matrix: Matrix<Float>) -> [[Double]] {
    (0..<matrix.rows).map { row in (0..<matrix.columns).map { Double(matrix[row, $0]) } }
  }

  /// Mean over tokens of `1 - cos(x, y)` before and after a block.
  func meanDistance(_ block: Int) -> Double? {
    guard let before = before[block], let after = after[block] else { return nil }
    let distances = zip(before, after).map { x, y in
      let dot = zip(x, y).reduce(0) { $0 + $1.0 * $1.1 }
      return 1 - dot / (x.reduce(0) { $0 + $1 * $1 } * y.reduce(0) { $0 + $1 * $1 }).squareRoot()
    }
    return distances.reduce(0, +) / Double(distances.count)
  }

  func inputs(_ node: Node) -> [[Double]] { rows[node.block ?? 0]?[node.role.site] ?? [] }

  static func gram(_ left: [[Double]], _ right: [[Double]]) -> [Double] {
    let (m, n) = (left.first?.count ?? 0, right.first?.count ?? 0)
    var sums = [Double](repeating: 0, count: m * n)
    for (x, y) in zip(left, right) {
      for i in 0..<m { for j in 0..<n { sums[i * n + j] += x[i] * y[j] } }
    }
    return sums
  }
}

/// The largest difference over the largest magnitude of `expected`.
func relativeDifference(_ found: [Double], _ expected: [Double]) -> Double {
  guard found.count == expected.count else { return .infinity }
  let scale = expected.map(abs).max() ?? 0
  let difference = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
  return scale > 0 ? difference / scale : difference
}

/// A model, text and settings for a pass.
struct PassFixture {
  let folder = TestFolder()
  let model: Model
  let set: CalibrationSet
  let scratch: ScratchFile

  init(_ family: SyntheticFolder.Family = .llama, blocks: Int = 2, samples: Int = 5, context: Int = 9) throws
  {
    model = try RandomModel.model(SyntheticFolder.configuration(family, blocks: blocks))
    let tokens = RandomModel.tokens(200, vocabularySize: SyntheticFolder.vocabularySize, seed: 4)
    set = try CalibrationSet(tokens: tokens, samples: samples, context: context, seed: 2)
    scratch = try ScratchFile(directory: folder.path)
  }

  func settings(threads: Int = 1, isCancelled: @escaping @Sendable () -> Bool = { false })
    -> CalibrationSettings
  {
    CalibrationSettings(
      seed: 9, workers: Workers(threads: threads), scratch: scratch, isCancelled: isCancelled)
  }

  /// Every layer of the blocks asks for `kind`.
  func requests(
    _ kinds: [StatisticKind], _ upstream: Upstream = .original, type: ElementType = .f64, maximumRows: Int = 0
  ) -> [StatisticRequest] {
    model.nodes.filter { $0.block != nil }.flatMap { node in
      kinds.map {
        StatisticRequest(
          kind: $0, node: node.index, upstream: upstream, phases: .compress, elementType: type,
          maximumRows: maximumRows)
      }
    }
  }

  /// The model with other weights in some layers of a block.
  func compressed(_ model: Model, block: Int) throws -> Model {
    var result = model
    for node in model.nodes(inBlock: block) where node.role != .gate {
      let low = try Linear(
        outFeatures: node.outFeatures, inFeatures: node.inFeatures,
        terms: [
          [
            .dense(RandomModel.normals([3, node.inFeatures], seed: UInt64(node.index), deviation: 0.3)),
            .dense(
              RandomModel.normals([node.outFeatures, 3], seed: UInt64(node.index + 100), deviation: 0.3)),
          ]
        ], bias: model.linears[node.index].bias)
      try result.replace(node, with: low)
    }
    return result
  }
}
