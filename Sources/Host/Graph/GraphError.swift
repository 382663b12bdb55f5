/// Facts about a graph or a linear layer that cannot be.
public enum GraphError: Error, Equatable, CustomStringConvertible {
  case noFactors
  case notAMatrix(shape: [Int])
  case factorsDoNotChain(expected: Int, rows: Int, columns: Int)
  case outputWidth(expected: Int, found: Int)
  case biasShape(expected: Int, found: [Int])
  case unknownArchitecture(found: String, known: [String])
  case badPattern(String, reason: String)
  case notInPlace(tensor: String, found: [Int])

  public var description: String {
    switch self {
    case .noFactors: "a linear layer has a term without factors"
    case .notAMatrix(let shape): "a weight of shape \(shape) is not a matrix"
    case .factorsDoNotChain(let expected, let rows, let columns):
      "a factor of shape [\(rows), \(columns)] follows a width of \(expected); its columns must equal that width"
    case .outputWidth(let expected, let found):
      "a term ends at width \(found), but the layer has \(expected) outputs"
    case .biasShape(let expected, let found):
      "a bias has shape \(found), but the layer has \(expected) outputs"
    case .unknownArchitecture(let found, let known):
      "architecture \"\(found)\" is not known; Lathe knows \(known.joined(separator: ", "))"
    case .badPattern(let pattern, let reason): "pattern \"\(pattern)\": \(reason)"
    case .notInPlace(let tensor, let found):
      "a tensor of shape \(found) cannot take the place of \(tensor), which is missing or of another kind"
    }
  }
}
