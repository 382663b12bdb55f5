import Graph
import Tensors

/// A matrix of a model, read row by row and encoded as a GGUF type.
struct GGUFMatrixRows: Sendable {
  private enum Source {
    case dense(Tensor)
    /// Encoded anew, or kept as they are.
    case codes(CodeRows, isKept: Bool)
  }

  let tensor: GGUFTensor
  private let source: Source
  private let order: RowOrder?

  init(_ factor: Factor, as tensor: GGUFTensor, order: RowOrder?) throws(ExportError) {
    self.tensor = tensor
    self.order = order
    switch factor {
    case .dense(let values): source = .dense(values)
    case .diagonal: throw .gguf(.factored(linear: tensor.name))
    case .codebook(let matrix):
      do throws(TensorError) {
        let storage = Storage(byteCount: matrix.rows * matrix.columns * MemoryLayout<Float>.size)
        try factor.copyFloats(to: storage.base.assumingMemoryBound(to: Float.self))
        source = .dense(Tensor(.f32, [matrix.rows, matrix.columns], storage: storage))
      } catch { throw .tensor(name: tensor.name, error) }
    case .quantized(let matrix):
      do throws(TensorError) {
        let rows = try CodeRows(matrix)
        let isKept = tensor.type.holds(matrix.scheme, columns: matrix.columns) && rows.hasHalfScales
        source = .codes(rows, isKept: isKept)
      } catch { throw .tensor(name: tensor.name, error) }
    }
  }

  /// Whether codes went to the file as they are.
  var keepsCodes: Bool { if case .codes(_, let isKept) = source { isKept } else { false } }

  /// Encodes row `row` of the file. `scratch` has room for a row of values.
  func encode(
    row: Int, to target: UnsafeMutableRawPointer, scratch: UnsafeMutablePointer<Float>
  ) throws(ExportError) {
    let from = order?.source(of: row) ?? row
    switch source {
    case .codes(let rows, true):
      if let codec = tensor.type.symmetricCodec { rows.pack(row: from, as: codec, to: target) }
      return
    case .codes(let rows, false): rows.copyFloats(row: from, to: scratch)
    case .dense(let values):
      do throws(TensorError) { try values.row(from).copyFloats(to: scratch) } catch {
        throw .tensor(name: tensor.name, error)
      }
    }
    if let value = tensor.type.obstacle(in: scratch, count: tensor.columns) {
      throw .gguf(.value(tensor: tensor.name, value: value, type: tensor.type.name))
    }
    tensor.type.encodeRow(scratch, count: tensor.columns, to: target)
  }
}

extension Tensor {
  /// Row `index` of a matrix.
  fileprivate func row(_ index: Int) -> Tensor {
    let width = shape[1]
    return Tensor(
      elementType, [width], storage: storage, byteOffset: byteOffset + index * width * elementType.byteCount)
  }
}
