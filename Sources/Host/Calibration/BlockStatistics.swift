import Graph
import LinearAlgebra
import Runtime
import Tensors

/// The finished statistics of one block.
public final class BlockStatistics: StatisticSource {
  private struct Key: Hashable {
    let kind: StatisticKind
    let node: Int
    let upstream: Upstream
  }
  private let values: [Key: Statistic]

  /// Nothing requested.
  public init() { values = [:] }

  init(
    _ requests: [StatisticRequest], _ accumulators: BlockAccumulators, model: Model, workers: Workers
  ) throws(CalibrationError) {
    // One conversion per site and type, however many layers share it.
    var grams: [BlockAccumulators.Key: Matrix<Double>] = [:]
    for (key, accumulator) in accumulators.grams { grams[key] = accumulator.gram(workers: workers) }
    var shared: [SharedKey: Tensor] = [:]
    var values: [Key: Statistic] = [:]
    for request in requests {
      let node = model.nodes[request.node]
      let sharedKey = SharedKey(
        kind: request.kind, site: node.role.site, upstream: request.upstream, type: request.elementType,
        node: request.kind == .outputGram ? node.index : nil,
        rows: request.kind == .inputSample || request.kind == .inputStackedGram ? request.maximumRows : 0)
      if shared[sharedKey] == nil {
        shared[sharedKey] = try Self.tensor(request, node, accumulators, grams, model, workers)
      }
      guard let tensor = shared[sharedKey] else { continue }
      let statistic = Statistic(value: tensor, tokenCount: accumulators.tokenCount)
      values[Key(kind: request.kind, node: request.node, upstream: request.upstream)] = statistic
    }
    self.values = values
  }

  public func statistic(_ kind: StatisticKind, node: Int, upstream: Upstream) -> Statistic? {
    // A cross Gram belongs to both streams.
    let upstream = kind == .inputCrossGram ? .compressed : upstream
    return values[Key(kind: kind, node: node, upstream: upstream)]
  }

  private struct SharedKey: Hashable {
    let kind: StatisticKind
    let site: InputSite
    let upstream: Upstream
    let type: ElementType
    let node: Int?
    let rows: Int
  }

  private static func tensor(
    _ request: StatisticRequest, _ node: Node, _ accumulators: BlockAccumulators,
    _ grams: [BlockAccumulators.Key: Matrix<Double>], _ model: Model, _ workers: Workers
  ) throws(CalibrationError) -> Tensor? {
    let key = BlockAccumulators.Key(site: node.role.site, upstream: request.upstream)
    let tensor: Tensor?
    do {
      switch request.kind {
      case .inputGram: tensor = grams[key]?.tensor()
      case .inputAbsoluteMean:
        let count = Double(max(accumulators.tokenCount, 1))
        tensor = accumulators.absoluteSums[key].map { vector($0.map { $0 / count }) }
      case .inputSample:
        let sample = BlockAccumulators.SampleKey(input: key, rows: request.maximumRows)
        tensor = accumulators.samples[sample]?.values.tensor()
      case .outputGram:
        guard let gram = grams[key] else { return nil }
        let weight = try Matrix<Double>(DenseProduct.weight(of: model.linears[node.index], workers: workers))
        let product = try gemm(weight, gram, workers: workers)
        tensor = try gemm(product, weight, transposeB: true, workers: workers).tensor()
      case .blockSimilarity:
        let (sum, count) = accumulators.similarity
        tensor = vector([sum / Double(max(count, 1))])
      case .inputStackedGram:
        let stack = BlockAccumulators.StackKey(input: key, windows: request.maximumRows)
        tensor = try accumulators.stackedGrams[stack]?.value(workers: workers).tensor()
      case .inputCrossGram:
        let shifted = BlockAccumulators.Key(site: key.site, upstream: .compressed)
        guard let gram = grams[shifted] else { return nil }
        tensor = try accumulators.crossGrams[key.site]?.crossGram(gram).tensor()
      case .weightGradient, .gradientSquared, .outputGradientGram: tensor = nil
      }
    } catch let error as LinearAlgebraError {
      throw .linearAlgebra(error)
    } catch {
      throw .unreadable(path: node.name, reason: "\(error)")
    }
    do { return try tensor?.converted(to: request.elementType) } catch { throw .storage(error) }
  }

  private static func vector(_ values: [Double]) -> Tensor {
    Tensor(.f64, [values.count]) { bytes in values.withUnsafeBytes { bytes.copyMemory(from: $0) } }
  }
}
