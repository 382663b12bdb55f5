import Calibration
import Graph
import LinearAlgebra
import Runtime
import Tensors

/// Why a loss or its gradients cannot be had.
public enum TrainingError: Error, CustomStringConvertible {
  case noSuchBatch(Int, set: BatchSet, count: Int)
  case noBatches
  case noSuchFactor(node: String, FactorPlace?)
  case noTrial(node: String)
  /// Codes are no real numbers.
  case quantized(node: String, FactorPlace)
  case valueCount(node: String, FactorPlace?, expected: Int, found: Int)
  case notFinite(set: BatchSet, window: Int)
  case runtime(RuntimeError)
  case linearAlgebra(LinearAlgebraError)
  case graph(GraphError)
  case storage(TensorError)
  case cancelled

  public var description: String {
    switch self {
    case .noSuchBatch(let batch, let set, let count):
      "batch \(batch) does not exist; the \(set) set has \(count)"
    case .noBatches: "a loss needs at least one batch"
    case .noSuchFactor(let node, let place): "\(node) has no \(Self.name(place)) now"
    case .noTrial(let node): "\(node) has no trial in place whose values could change; call set_trial first"
    case .quantized(let node, let place):
      "\(Self.name(place)) of \(node) is quantised, and its codes cannot be set; put a trial in its place"
    case .valueCount(let node, let place, let expected, let found):
      "\(Self.name(place)) of \(node) has \(expected) values, not \(found)"
    case .notFinite(let set, let window):
      "the loss of window \(window) of the \(set) set is not finite; the trials hold numbers that are too large"
    case .runtime(let error): error.description
    case .linearAlgebra(let error): error.description
    case .graph(let error): error.description
    case .storage(let error): error.description
    case .cancelled: "interrupted"
    }
  }

  private static func name(_ place: FactorPlace?) -> String {
    place.map { "factor \($0.term).\($0.factor)" } ?? "bias"
  }
}
