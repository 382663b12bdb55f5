import LinearAlgebra
import Tensors

/// Memory for a matrix that is written anew in every step: it grows and is kept, so that steps allocate nothing.
///
/// A view is valid as long as the buffer, and until a larger one is asked for.
final class ActivationBuffer {
  private var storage = Storage(byteCount: 0)

  /// `[rows, columns]` of unknown values.
  func matrix(rows: Int, columns: Int) -> MutableMatrixView<Float> {
    let bytes = rows * columns * MemoryLayout<Float>.size
    if storage.byteCount < bytes { storage = Storage(byteCount: bytes) }
    return MutableMatrixView(
      storage.base.assumingMemoryBound(to: Float.self), rows: rows, columns: columns)
  }
}

/// What one thread needs for a moment while a window goes through a block, forwards or backwards.
public final class GradientWorkspace: @unchecked Sendable {
  /// Between two factors, in turns.
  let middles = [ActivationBuffer(), ActivationBuffer()]
  let normed = ActivationBuffer()
  let normedGradient = ActivationBuffer()
  let heads = ActivationBuffer()
  let headGradient = ActivationBuffer()
  let queryGradient = ActivationBuffer()
  let keyGradient = ActivationBuffer()
  let valueGradient = ActivationBuffer()
  let scores = ActivationBuffer()
  let scoreGradient = ActivationBuffer()
  let hidden = ActivationBuffer()
  let hiddenGradient = ActivationBuffer()
  let logits = ActivationBuffer()
  let referenceLogits = ActivationBuffer()
  let head = LinearTrace()

  public init() {}
}
