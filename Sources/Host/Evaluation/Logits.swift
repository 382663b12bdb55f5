import Graph
import LinearAlgebra
import Tensors

/// All logits of given token ids as one tensor, for comparison with other implementations.
public enum Logits {
  /// logits: [n, T, V] in f32 of `sequences`: n of T tokens each.
  public static func tensor(
    _ model: Model, sequences: [[Int32]], workers: Workers, supervision: Supervision = Supervision()
  ) throws(EvaluationError) -> Tensor {
    let length = sequences.first?.count ?? 0
    for (index, sequence) in sequences.enumerated() where sequence.count != length {
      throw .ragged(sequence: index, expected: length, found: sequence.count)
    }
    let size = model.configuration.vocabularySize
    let (rows, tooMany) = sequences.count.multipliedReportingOverflow(by: length)
    let (bytes, tooLarge) = rows.multipliedReportingOverflow(by: 4 * size)
    guard !tooMany, !tooLarge, bytes <= 1 << 40 else {
      throw .tooLarge(shape: [sequences.count, length, size])
    }
    let pass = try LogitPass(models: [model], workers: workers)
    let storage = Storage(byteCount: bytes)
    // Every sequence has its own part of the storage.
    _ = try pass.run(sequences, initial: (), supervision: supervision) {
      (_, chunk) throws(EvaluationError) in
      let target = storage.base.assumingMemoryBound(to: Float.self)
      let first = chunk.sequence * length + chunk.positions.lowerBound
      MutableMatrixView(target + first * size, rows: chunk.positions.count, columns: size)
        .copy(from: chunk.logits[0])
    }
    return Tensor(.f32, [sequences.count, length, size], storage: storage)
  }
}
