import Graph
import LinearAlgebra
import Runtime
import Tensors

/// What is exported, with its numbers.
public struct ExportSource: Sendable {
  public let subject: ExportSubject
  /// Its forms are those the subject was made from.
  public let model: Model
  public let workers: Workers
  public let isCancelled: @Sendable () -> Bool

  public init(
    _ subject: ExportSubject, model: Model, workers: Workers,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    self.subject = subject
    self.model = model
    self.workers = workers
    self.isCancelled = isCancelled
  }

  /// The layer as the format gets it: one dense matrix where it is multiplied out, which is done on every call.
  public func linear(_ node: Node) throws(ExportError) -> Linear {
    let stored = model.linears[node.index]
    guard subject.multiplied.contains(node.index) else { return stored }
    let weight = try dense(stored, of: node, as: subject.options.elementType ?? node.elementType)
    do throws(GraphError) { return try Linear(weight: weight, bias: stored.bias) } catch {
      throw .graph(layer: node.name, error)
    }
  }

  /// The matrix `[out, in]` that `linear` stands for, rounded once from f32 to `type`.
  public func dense(_ linear: Linear, of node: Node, as type: ElementType) throws(ExportError) -> Tensor {
    let product: Tensor
    do { product = try DenseProduct.weight(of: linear, workers: workers) } catch {
      throw .arithmetic(layer: node.name, reason: "\(error)")
    }
    return try Self.converted(product, to: type, name: "\(node.name).weight")
  }

  /// A tensor as it goes to a file: in the type that was asked for, if any.
  public func tensor(_ tensor: Tensor, name: String) throws(ExportError) -> Tensor {
    try Self.converted(tensor, to: subject.type(tensor.elementType), name: name)
  }

  /// `tensor` as `type`; throws where a value is not finite there.
  static func converted(_ tensor: Tensor, to type: ElementType, name: String) throws(ExportError) -> Tensor {
    guard tensor.elementType.isReal else { return tensor }
    let result: Tensor
    let values: [Float]
    do throws(TensorError) {
      result = try tensor.converted(to: type)
      values = try result.floats()
    } catch { throw .tensor(name: name, error) }
    // A sum of 0 * x is 0 exactly when all x are finite.
    guard values.reduce(0, { $0 + $1 * 0 }) == 0 else { throw .notFinite(tensor: name, type: type) }
    return result
  }
}
