import Graph
import LinearAlgebra
import Runtime
import Tensors

/// Runs one model, or several in lockstep, over many sequences and hands the logits to a consumer.
///
/// Sequences go through in batches whose hidden states fit into a bound, block by block, so that one block's
/// weights are in memory at a time. A sequence never depends on its batch: results are the same bytes for any
/// number of threads and any bound.
public struct LogitPass: Sendable {
  public let models: [Model]
  public let workers: Workers
  private let embeddings: [EmbeddingTable]
  private let heads: [LanguageModelHead]

  /// Bytes of hidden states of a batch, beyond one sequence for each thread.
  var hiddenLimit = 256 << 20
  /// Bytes of f32 weights up to which all blocks are kept from batch to batch.
  var blockLimit = 1 << 30

  /// Models with one vocabulary. Weights that a file backs are given back to the system after each use, unless all
  /// blocks fit into memory and are kept.
  public init(models: [Model], workers: Workers) throws(EvaluationError) {
    let sizes = models.map(\.configuration.vocabularySize)
    guard Set(sizes).count == 1 else { throw .vocabularies(sizes) }
    self.models = models
    self.workers = workers
    var embeddings: [EmbeddingTable] = []
    var heads: [LanguageModelHead] = []
    do throws(RuntimeError) {
      for model in models {
        embeddings.append(try EmbeddingTable(model: model))
        heads.append(try LanguageModelHead(model: model))
      }
    } catch {
      throw .run(error)
    }
    self.embeddings = embeddings
    self.heads = heads
  }

  /// For each sequence, in order, what `consume` makes of `initial` and the sequence's chunks from first to last.
  ///
  /// `consume` runs on many threads, on the chunks of one sequence in turn.
  public func run<Partial: Sendable>(
    _ sequences: [[Int32]], initial: Partial, supervision: Supervision = Supervision(),
    consume: @Sendable (inout Partial, LogitChunk) throws(EvaluationError) -> Void
  ) throws(EvaluationError) -> [Partial] {
    var store = BlockStore(models, limit: blockLimit)
    var results: [Partial] = []
    results.reserveCapacity(sequences.count)
    while results.count < sequences.count {
      let batch = results.count..<results.count + batchCount(sequences[results.count...])
      let report = { (share: Double) in
        let done = Double(batch.lowerBound) + share * Double(batch.count)
        supervision.progress(done / Double(sequences.count))
      }
      let hidden = try hiddenStates(sequences[batch], store: &store, supervision, report: report)
      results += try workers.map(count: batch.count) { (index) throws(EvaluationError) in
        guard !supervision.isCancelled() else { throw .cancelled }
        var partial = initial
        let sequence = batch.lowerBound + index
        try chunks(hidden.map { $0[index] }, sequence, sequences[sequence]) {
          (chunk) throws(EvaluationError) in try consume(&partial, chunk)
        }
        return partial
      }
      report(1)
    }
    return results
  }

  /// How many of the coming sequences make the next batch.
  private func batchCount(_ coming: ArraySlice<[Int32]>) -> Int {
    let width = models.reduce(0) { $0 + 4 * $1.configuration.hiddenSize }
    var count = 0
    var bytes = 0
    for sequence in coming {
      bytes += sequence.count * width
      if bytes > hiddenLimit, count >= workers.threads { break }
      count += 1
    }
    return count
  }

  /// The states after the last block, by model and sequence.
  private func hiddenStates(
    _ batch: ArraySlice<[Int32]>, store: inout BlockStore, _ supervision: Supervision,
    report: (Double) -> Void
  ) throws(EvaluationError) -> [[Matrix<Float>]] {
    let sequences = Array(batch)
    var result: [[Matrix<Float>]] = []
    for (index, model) in models.enumerated() {
      do throws(RuntimeError) {
        let states = States(
          try sequences.map { (tokens) throws(RuntimeError) in
            try embeddings[index].forward(tokens)
          })
        let rotary = tables(model, lengths: Set(sequences.map(\.count)))
        let blocks = model.configuration.blockCount
        for number in 0..<blocks {
          let block = try store.block(number, model: index, workers: workers)
          try workers.forEach(count: sequences.count) { (sequence) throws(RuntimeError) in
            guard !supervision.isCancelled(), let table = rotary[sequences[sequence].count] else { return }
            try block.forward(&states.base[sequence], rotary: table)
          }
          store.release(number, model: index)
          if supervision.isCancelled() { break }
          // The head counts as one more block.
          report(Double(index * blocks + number + 1) / Double(models.count * blocks + 1))
        }
        result.append(states.all)
      } catch {
        throw .run(error)
      }
    }
    guard !supervision.isCancelled() else { throw .cancelled }
    return result
  }

  private func tables(_ model: Model, lengths: Set<Int>) -> [Int: RotaryTable] {
    Dictionary(
      uniqueKeysWithValues: lengths.map { ($0, RotaryTable(model.configuration.rotary, length: $0)) })
  }

  /// Calls `body` with the logits of one sequence, given its last hidden states by model.
  private func chunks(
    _ hidden: [Matrix<Float>], _ sequence: Int, _ tokens: [Int32],
    _ body: (LogitChunk) throws(EvaluationError) -> Void
  ) throws(EvaluationError) {
    let normed = zip(heads, hidden).map { head, states in states.withView { head.normalised($0) } }
    let limit = heads[0].rowsPerChunk(bytes: LanguageModelHead.logitLimit / models.count)
    let step = min(limit, max(tokens.count, 1))
    var buffers = heads.map { Matrix<Float>(uninitialisedRows: step, columns: $0.vocabularySize) }
    for start in stride(from: 0, to: tokens.count, by: step) {
      let rows = start..<min(start + step, tokens.count)
      for index in heads.indices {
        do throws(RuntimeError) {
          try buffers[index].withMutableView { (logits) throws(RuntimeError) in
            try normed[index].withView { (states) throws(RuntimeError) in
              try heads[index].forward(states.rows(rows), into: logits.rows(0..<rows.count))
            }
          }
        } catch {
          throw .run(error)
        }
      }
      let views = buffers.map { buffer in buffer.withView { $0.rows(0..<rows.count) } }
      for (model, view) in views.enumerated() where view.nonFiniteCount > 0 {
        let row = (0..<view.rows).first { view.rows($0..<$0 + 1).nonFiniteCount > 0 } ?? 0
        throw .nonFiniteLogit(model: model, sequence: sequence, position: rows.lowerBound + row)
      }
      try body(LogitChunk(sequence: sequence, tokens: tokens, positions: rows, logits: views))
      withExtendedLifetime(buffers) {}
    }
  }
}

/// Hidden states of a batch; every place is changed by one thread at a time.
private final class States: @unchecked Sendable {
  let base: UnsafeMutableBufferPointer<Matrix<Float>>

  init(_ states: [Matrix<Float>]) {
    base = .allocate(capacity: states.count)
    _ = base.initialize(from: states)
  }

  deinit {
    base.deinitialize()
    base.deallocate()
  }

  var all: [Matrix<Float>] { Array(base) }
}
