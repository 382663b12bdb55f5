import Graph
import LinearAlgebra
import Tensors

extension Model {
  /// The f32 values of the tensor `name`, which must be a vector of `count` finite numbers.
  public func vector(_ name: String, count: Int) throws(RuntimeError) -> [Float] {
    guard let tensor = others[name] else { throw .missingTensor(name) }
    guard tensor.shape == [count] else {
      throw .tensorShape(name, expected: [count], found: tensor.shape)
    }
    return try tensor.finiteFloats(name)
  }

  /// Gives the pages of a block's weights back to the system where a file has them.
  public func evict(block: Int) {
    for node in nodes where node.block == block {
      for (_, tensor) in linears[node.index].storedTensors { tensor.evict() }
    }
  }
}

extension Tensor {
  /// All elements as `Float`; `name` is for the error when one of them is not finite.
  public func finiteFloats(_ name: String) throws(RuntimeError) -> [Float] {
    let values: [Float]
    do { values = try floats() } catch { throw .unreadable(tensor: name, error) }
    try values.withUnsafeBufferPointer { (buffer) throws(RuntimeError) in
      guard let base = buffer.baseAddress else { return }
      let count = MatrixView(base, rows: 1, columns: buffer.count).nonFiniteCount
      guard count == 0 else { throw .nonFinite(tensor: name, count: count) }
    }
    return values
  }
}
