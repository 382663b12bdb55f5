import Graph
import LinearAlgebra
import Runtime
import Synchronization
import Tensors

/// What compression did to each linear layer on the calibration tokens: `||(W - W') X||_F / ||W X||_F`.
///
/// X are the inputs the layer gets in the original model. Biases are left out. Products in f32, sums in f64.
public enum LayerErrors {
  /// The relative error of every node whose layer differs between the models, by node index.
  public static func measure(
    original: Model, compressed: Model, replaced: Set<Int>, set: CalibrationSet,
    settings: CalibrationSettings,
    progress: (Int) -> Void
  ) throws(CalibrationError) -> [Int: Double] {
    guard let lastBlock = replaced.compactMap({ original.nodes[$0].block }).max() else { return [:] }
    let embedding: EmbeddingTable
    do { embedding = try EmbeddingTable(model: original) } catch { throw .runtime(error) }
    let rotary = RotaryTable(original.configuration.rotary, length: set.context)
    let states = try HiddenStates(
      set.windows, embedding: embedding, scratch: settings.scratch, workers: settings.workers)
    var errors: [Int: Double] = [:]
    for block in 0...lastBlock {
      if settings.isCancelled() { throw .cancelled }
      progress(block)
      let pairs = try pairs(original, compressed, block, replaced)
      let sums: [[Int: Sums]]
      do {
        let prepared = try PreparedBlock(model: original, block: block, workers: settings.workers)
        sums = try settings.workers.map(count: states.count) { (index) throws(RuntimeError) in
          var hidden = states.window(index)
          let window = WindowSums(pairs)
          try prepared.forward(&hidden, rotary: rotary) { site, rows in window.add(site, rows) }
          states.store(hidden, at: index)
          return try window.finish()
        }
      } catch {
        throw .runtime(error)
      }
      states.evict(0..<states.count)
      original.evict(block: block)
      for pair in pairs {
        let total = sums.reduce(into: Sums()) { total, window in total.add(window[pair.node.index] ?? Sums())
        }
        errors[pair.node.index] = total.relative
      }
    }
    return errors
  }

  private struct Pair {
    let node: Node
    let original: PreparedLinear
    let compressed: PreparedLinear
  }

  private struct Sums {
    var difference = 0.0
    var output = 0.0
    mutating func add(_ other: Sums) {
      difference += other.difference
      output += other.output
    }
    var relative: Double {
      output > 0 ? (difference / output).squareRoot() : (difference > 0 ? .infinity : 0)
    }
  }

  /// The sums of one window, filled by one thread.
  private final class WindowSums {
    private let pairs: [Pair]
    private var sums: [Int: Sums] = [:]
    private var failure: RuntimeError?

    init(_ pairs: [Pair]) { self.pairs = pairs }

    func add(_ site: InputSite, _ rows: MatrixView<Float>) {
      for pair in pairs where pair.node.role.site == site && failure == nil {
        do throws(RuntimeError) {
          var exact = Matrix<Float>(uninitialisedRows: rows.rows, columns: pair.node.outFeatures)
          var approximate = exact
          try exact.withMutableView { (y) throws(RuntimeError) in try pair.original.forward(rows, into: y) }
          try approximate.withMutableView { (y) throws(RuntimeError) in
            try pair.compressed.forward(rows, into: y)
          }
          sums[pair.node.index, default: Sums()].add(Self.compare(exact, approximate))
        } catch {
          failure = error
        }
      }
    }

    func finish() throws(RuntimeError) -> [Int: Sums] {
      if let failure { throw failure }
      return sums
    }

    private static func compare(_ exact: Matrix<Float>, _ approximate: Matrix<Float>) -> Sums {
      exact.withUnsafeBuffer { y in
        approximate.withUnsafeBuffer { z in
          var sums = Sums()
          for i in y.indices {
            let difference = Double(y[i]) - Double(z[i])
            sums.difference += difference * difference
            sums.output += Double(y[i]) * Double(y[i])
          }
          return sums
        }
      }
    }
  }

  private static func pairs(
    _ original: Model, _ compressed: Model, _ block: Int, _ replaced: Set<Int>
  ) throws(CalibrationError) -> [Pair] {
    var pairs: [Pair] = []
    for node in original.nodes(inBlock: block) where replaced.contains(node.index) {
      do {
        pairs.append(
          Pair(
            node: node,
            original: try PreparedLinear(withoutBias(original.linears[node.index]), name: node.name),
            compressed: try PreparedLinear(withoutBias(compressed.linears[node.index]), name: node.name)))
      } catch {
        throw .runtime(error)
      }
    }
    return pairs
  }

  private static func withoutBias(_ linear: Linear) -> Linear {
    (try? Linear(
      outFeatures: linear.outFeatures, inFeatures: linear.inFeatures, terms: linear.terms, bias: nil))
      ?? linear
  }
}
