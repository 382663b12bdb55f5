import Graph
import LinearAlgebra
import Tensors

/// The running sums of one block's statistics. Layers that read the same input share theirs.
struct BlockAccumulators {
  /// What is summed: a kind of statistic over one site's input.
  struct Key: Hashable {
    let site: InputSite
    let upstream: Upstream
  }

  /// A sample of one site's input. Requests for fewer rows get a sample of their own.
  struct SampleKey: Hashable {
    let input: Key
    let rows: Int
  }

  /// Groups of windows of one site's input.
  struct StackKey: Hashable {
    let input: Key
    let windows: Int
  }

  private(set) var grams: [Key: GramAccumulator] = [:]
  private(set) var absoluteSums: [Key: [Double]] = [:]
  private(set) var samples: [SampleKey: RowSample] = [:]
  private(set) var stackedGrams: [StackKey: StackedGram] = [:]
  private(set) var crossGrams: [InputSite: CrossGramAccumulator] = [:]
  private(set) var similarity: (sum: Double, count: Int) = (0, 0)
  private(set) var needsSimilarity = false
  private(set) var tokenCount = 0

  init(_ requests: [StatisticRequest], model: Model, windows: Int, windowRows: Int, seed: UInt64) {
    let totalRows = windows * windowRows
    for request in requests {
      let node = model.nodes[request.node]
      let key = Key(site: node.role.site, upstream: request.upstream)
      switch request.kind {
      case .inputGram, .outputGram:
        if grams[key] == nil { grams[key] = GramAccumulator(dimension: node.inFeatures) }
      case .inputAbsoluteMean: absoluteSums[key] = [Double](repeating: 0, count: node.inFeatures)
      case .inputSample:
        let rows = min(request.maximumRows, totalRows)
        samples[SampleKey(input: key, rows: request.maximumRows)] = RowSample(
          rows: rows, of: totalRows, columns: node.inFeatures, seed: seed)
      case .inputStackedGram:
        let stack = StackKey(input: key, windows: request.maximumRows)
        stackedGrams[stack] = StackedGram(
          dimension: node.inFeatures, group: request.maximumRows, windowRows: windowRows)
      case .inputCrossGram:
        crossGrams[key.site] = CrossGramAccumulator(dimension: node.inFeatures)
        let shifted = Key(site: key.site, upstream: .compressed)
        if grams[shifted] == nil { grams[shifted] = GramAccumulator(dimension: node.inFeatures) }
      case .blockSimilarity: needsSimilarity = true
      case .weightGradient, .gradientSquared, .outputGradientGram: break
      }
    }
  }

  /// Sites whose inputs are read through `upstream`.
  func sites(_ upstream: Upstream) -> Set<InputSite> {
    let keys = Set(grams.keys).union(absoluteSums.keys).union(samples.keys.map(\.input))
      .union(stackedGrams.keys.map(\.input))
    var sites = Set(keys.filter { $0.upstream == upstream }.map(\.site))
    sites.formUnion(crossGrams.keys)
    return sites
  }

  /// Adds a chunk of rows of one stream.
  mutating func add(
    _ rows: MatrixView<Float>, site: InputSite, upstream: Upstream, firstRow: Int, workers: Workers
  ) throws(LinearAlgebraError) {
    let key = Key(site: site, upstream: upstream)
    try grams[key]?.add(rows: rows, workers: workers)
    for stack in stackedGrams.keys where stack.input == key {
      try stackedGrams[stack]?.add(rows, workers: workers)
    }
    for sample in samples.keys where sample.input == key { samples[sample]?.add(rows, firstRow: firstRow) }
    guard var sums = absoluteSums.removeValue(forKey: key) else { return }
    for row in 0..<rows.rows {
      for column in 0..<rows.columns { sums[column] += Double(abs(rows[row, column])) }
    }
    absoluteSums[key] = sums
  }

  /// Adds a chunk of rows that both streams have.
  mutating func addPair(
    original: MatrixView<Float>, compressed: MatrixView<Float>, site: InputSite, workers: Workers
  ) throws(LinearAlgebraError) {
    try crossGrams[site]?.add(original, compressed, workers: workers)
  }

  /// Adds `1 - cos(x, y)` of each token's residual stream before and after the block.
  mutating func addSimilarity(before: Matrix<Float>, after: Matrix<Float>) {
    before.withView { x in
      after.withView { y in
        for row in 0..<x.rows {
          var (dot, xx, yy) = (0.0, 0.0, 0.0)
          for column in 0..<x.columns {
            let (a, b) = (Double(x[row, column]), Double(y[row, column]))
            dot += a * b
            xx += a * a
            yy += b * b
          }
          let norm = (xx * yy).squareRoot()
          similarity.sum += norm > 0 ? 1 - dot / norm : 0
          similarity.count += 1
        }
      }
    }
  }

  mutating func count(tokens: Int) { tokenCount += tokens }
}

/// Rows chosen by the seed from a stream of known length.
struct RowSample {
  /// Positions in the stream, ascending.
  let chosen: [Int]
  private(set) var values: Matrix<Float>
  private var next = 0

  init(rows: Int, of total: Int, columns: Int, seed: UInt64) {
    let order = CounterRandom(seed: seed, stream: 0x726f_7773).permutation(count: total)
    chosen = order.prefix(rows).sorted()
    values = Matrix(rows: rows, columns: columns)
  }

  mutating func add(_ rows: MatrixView<Float>, firstRow: Int) {
    while next < chosen.count, chosen[next] < firstRow + rows.rows {
      let source = rows.rows(chosen[next] - firstRow..<chosen[next] - firstRow + 1)
      let target = next
      values.withMutableView { $0.rows(target..<target + 1).copy(from: source) }
      next += 1
    }
  }
}
