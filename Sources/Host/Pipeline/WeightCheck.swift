import Graph
import LinearAlgebra
import Synchronization
import Tensors

/// Looks for NaN and infinity in every tensor of a model, before hours of work and a damaged result.
enum WeightCheck {
  /// Elements that are looked at as one piece.
  private static let pieceCount = 1 << 16

  /// Throws the first tensor by name that holds a value that is not finite. Each tensor is read once, then dropped
  /// from memory.
  static func run(
    _ model: Model, directory: String, workers: Workers, isCancelled: @Sendable () -> Bool
  ) throws(PipelineError) {
    for (name, tensor) in model.storedTensors where tensor.elementType.isReal {
      if isCancelled() { throw .cancelled }
      let count = try notFiniteCount(tensor, workers: workers)
      guard count == 0 else { throw .notFinite(tensor: name, directory: directory, count: count) }
      tensor.evict()
    }
  }

  private static func notFiniteCount(_ tensor: Tensor, workers: Workers) throws(PipelineError) -> Int {
    let total = tensor.elementCount
    let pieces = (total + pieceCount - 1) / pieceCount
    let found = Atomic(0)
    do throws(TensorError) {
      try workers.forEach(count: pieces) { (piece) throws(TensorError) in
        let start = piece * pieceCount
        let view = Tensor(
          tensor.elementType, [min(pieceCount, total - start)], storage: tensor.storage,
          byteOffset: tensor.byteOffset + start * tensor.elementType.byteCount)
        // A sum of 0 * x is 0 exactly when all x are finite; f64 may be finite where f32 is not.
        let values =
          tensor.elementType == .f64
          ? try view.doubles().map { $0.isFinite ? 0 : Float.nan } : try view.floats()
        guard values.reduce(0, { $0 + $1 * 0 }) != 0 else { return }
        found.add(values.count { !$0.isFinite }, ordering: .relaxed)
      }
    } catch {
      throw .storage(error)
    }
    return found.load(ordering: .relaxed)
  }
}
