import Graph
import LinearAlgebra
import Tensors

/// Why a model cannot be run.
public enum RuntimeError: Error, Equatable, CustomStringConvertible {
  /// A weight that is NaN or infinite.
  case nonFinite(tensor: String, count: Int)
  case missingTensor(String)
  case missingLayer(Role, block: Int?)
  case tensorShape(String, expected: [Int], found: [Int])
  case layerShape(String, expected: [Int], found: [Int])
  case unreadable(tensor: String, TensorError)
  case token(Int, position: Int, vocabulary: Int)
  case algebra(LinearAlgebraError)

  public var description: String {
    switch self {
    case .nonFinite(let tensor, let count):
      "tensor \(tensor) holds \(count) values that are NaN or infinite; the checkpoint is damaged, or a stage "
        + "wrote numbers beyond the range of its element type"
    case .missingTensor(let name): "the model has no tensor \(name); check that the checkpoint is complete"
    case .missingLayer(let role, let block):
      "\(block.map { "block \($0)" } ?? "the model") has no \(role) layer; check that the checkpoint is complete"
    case .tensorShape(let name, let expected, let found):
      "tensor \(name) has shape \(found), but the configuration asks for \(expected)"
    case .layerShape(let name, let expected, let found):
      "layer \(name) maps [out, in] = \(found), but the configuration asks for \(expected)"
    case .unreadable(let tensor, let error): "tensor \(tensor) cannot be read: \(error)"
    case .token(let token, let position, let vocabulary):
      "token \(token) at position \(position) is not below the vocabulary size \(vocabulary); "
        + "use the tokenizer that belongs to the model"
    case .algebra(let error): error.description
    }
  }

  /// Runs `body`, whose errors can only be shapes that this module got wrong or sizes beyond BLAS.
  public static func rethrowing<Result>(
    _ body: () throws(LinearAlgebraError) -> Result
  ) throws(RuntimeError) -> Result {
    do { return try body() } catch { throw .algebra(error) }
  }
}
