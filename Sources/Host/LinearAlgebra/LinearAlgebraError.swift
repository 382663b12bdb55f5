import Tensors

/// What can go wrong in an operation on matrices.
public enum LinearAlgebraError: Error, Equatable, CustomStringConvertible {
  /// Operands whose shapes do not fit each other.
  case shapes(operation: String, [[Int]])
  /// A size beyond the 32-bit integers of BLAS and LAPACK.
  case tooLarge(operation: String, rows: Int, columns: Int)
  case notFinite(operation: String, count: Int)
  /// The leading minor of order `order` is not positive.
  case notPositiveDefinite(order: Int)
  /// A triangular matrix with a zero at `index` of its diagonal.
  case singular(index: Int)
  case noConvergence(operation: String)
  /// LAPACK refused its argument number `argument`: an error of this module.
  case invalidArgument(operation: String, argument: Int)
  case notReal(ElementType)
  case notAMatrix(shape: [Int])

  public var description: String {
    switch self {
    case .shapes(let operation, let shapes):
      "\(operation) cannot combine the shapes \(shapes.map(String.init(describing:)).joined(separator: ", "))"
    case .tooLarge(let operation, let rows, let columns):
      "\(operation) of [\(rows), \(columns)] exceeds the 32-bit sizes of LAPACK; use a smaller matrix"
    case .notFinite(let operation, let count):
      "\(operation) met \(count) elements that are NaN or infinite; check the model and the calibration data"
    case .notPositiveDefinite(let order):
      "the matrix is not positive definite: its leading minor of order \(order) is not positive; add a ridge"
    case .singular(let index): "the triangular matrix is singular: element \(index) of its diagonal is zero"
    case .noConvergence(let operation): "\(operation) did not converge; scale the matrix or use f64"
    case .invalidArgument(let operation, let argument):
      "\(operation) refused its argument number \(argument); report this as an error of lathe"
    case .notReal(let type): "elements of type \(type.rawValue) are not real numbers; dequantise them first"
    case .notAMatrix(let shape): "a tensor of shape \(shape) is not a matrix; it needs one or two dimensions"
    }
  }
}
