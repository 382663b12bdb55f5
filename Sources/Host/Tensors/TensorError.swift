/// What can go wrong below the level of models.
public enum TensorError: Error, Equatable, Codable, CustomStringConvertible {
  case cannotOpen(path: String, reason: String)
  case cannotRead(path: String, reason: String)
  case cannotWrite(path: String, reason: String)
  case cannotMap(path: String, reason: String)
  case outOfMemory(byteCount: Int)
  case notReal(ElementType)

  public var description: String {
    switch self {
    case .cannotOpen(let path, let reason): "cannot open \(path): \(reason)"
    case .cannotRead(let path, let reason): "cannot read \(path): \(reason)"
    case .cannotWrite(let path, let reason): "cannot write \(path): \(reason)"
    case .cannotMap(let path, let reason): "cannot map \(path) into memory: \(reason)"
    case .outOfMemory(let byteCount): "cannot allocate \(byteCount) bytes"
    case .notReal(let type): "elements of type \(type.rawValue) are not real numbers"
    }
  }
}
