import CKernels
import LinearAlgebra
import Tensors

extension LanguageModelHead {
  /// Rows of weights converted at a time when they are streamed.
  static let streamedRows = 4096

  /// Rows of logits that fit into `bytes`, at least one.
  public func rowsPerChunk(bytes: Int = LanguageModelHead.logitLimit) -> Int {
    max(1, bytes / (4 * max(vocabularySize, 1)))
  }

  /// The input of the head's layer: x normalised, [T, D].
  public func normalised(_ hidden: MatrixView<Float>) -> Matrix<Float> {
    var result = Matrix<Float>(uninitialisedRows: hidden.rows, columns: hidden.columns)
    result.withMutableView { norm.forward(hidden, into: $0) }
    return result
  }

  /// Logits [rows, V] of normalised hidden states [rows, D].
  public func forward(
    _ normalised: MatrixView<Float>, into logits: MutableMatrixView<Float>
  ) throws(RuntimeError) {
    switch weights {
    case .prepared(let linear): try linear.forward(normalised, into: logits)
    case .streamed(let tensor, let bias):
      try Self.forEachPart(of: tensor) { (rows, weight) throws(LinearAlgebraError) in
        try weight.withView { (weight) throws(LinearAlgebraError) in
          try gemm(
            normalised, weight, transposeB: true,
            into: logits.part(rows: 0..<logits.rows, columns: rows), workers: .serial)
        }
      }
      guard let bias else { return }
      for row in 0..<logits.rows { row_add(bias, logits.base + row * logits.rowStride, bias.count) }
    }
  }

  static func checkFinite(_ tensor: Tensor, name: String) throws(RuntimeError) {
    var bad = 0
    try forEachPart(of: tensor) { (_, weight) throws(LinearAlgebraError) in
      bad += weight.withView { $0.nonFiniteCount }
    }
    guard bad == 0 else { throw .nonFinite(tensor: name, count: bad) }
  }

  static func forEachPart(
    of tensor: Tensor, _ body: (Range<Int>, Matrix<Float>) throws(LinearAlgebraError) -> Void
  ) throws(RuntimeError) {
    for start in stride(from: 0, to: tensor.shape[0], by: streamedRows) {
      let rows = start..<min(start + streamedRows, tensor.shape[0])
      try RuntimeError.rethrowing { () throws(LinearAlgebraError) in
        try body(rows, try Matrix<Float>(tensor.rows(rows)))
      }
    }
  }
}
