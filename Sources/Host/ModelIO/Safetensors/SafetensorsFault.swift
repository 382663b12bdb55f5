/// What is wrong with a safetensors file.
public enum SafetensorsFault: Error, Equatable, CustomStringConvertible {
  /// The file is a pointer that Git LFS left in the place of the data.
  case isLFSPointer
  case tooShort(byteCount: Int)
  case headerTooLong(byteCount: UInt64, limit: Int)
  case headerPastEnd(byteCount: UInt64, available: Int)
  case headerIsNoObject
  case badHeader(JSONError)
  case metadataIsNoMap(key: String?)
  case badName(String)
  case duplicateName(String)
  case notAnEntry(tensor: String)
  case missingKey(tensor: String, key: String)
  case unknownType(tensor: String, found: String, known: [String])
  case badShape(tensor: String)
  case badOffsets(tensor: String)
  case tooLarge(tensor: String, shape: [Int])
  case wrongByteCount(tensor: String, expected: Int, found: Int)
  case pastEnd(tensor: String, end: Int, available: Int)
  case hole(before: String, from: Int, to: Int)
  case overlap(tensor: String, begin: Int, previousEnd: Int)
  case leftover(byteCount: Int)
  case noSuchTensor(String)
  /// A tensor that is to be written is not what was planned.
  case notAsPlanned(tensor: String)

  public var description: String {
    switch self {
    case .isLFSPointer: "is only a Git LFS pointer, not the file itself; fetch it with \"git lfs pull\""
    case .tooShort(let byteCount):
      "has \(byteCount) bytes, which is too short for a safetensors file; \(Self.fetchAgain)"
    case .headerTooLong(let byteCount, let limit):
      "declares a header of \(byteCount) bytes, more than the \(limit) that the format allows; "
        + Self.checkFormat
    case .headerPastEnd(let byteCount, let available):
      "declares a header of \(byteCount) bytes, but only \(available) follow; \(Self.fetchAgain)"
    case .headerIsNoObject: "the header does not start with \"{\"; \(Self.checkFormat)"
    case .badHeader(let error): "the header is no valid JSON: \(error); \(Self.writeAgain)"
    case .metadataIsNoMap(let key):
      "\"__metadata__\" \(key.map { "has a value that is no string under \"\($0)\"" } ?? "is no object"); "
        + Self.writeAgain
    case .badName(let name):
      "the tensor name \(name.debugDescription) is not allowed; rename the tensor"
    case .duplicateName(let name): "tensor \"\(name)\" is there twice; \(Self.writeAgain)"
    case .notAnEntry(let tensor): "the entry of tensor \"\(tensor)\" is no object; \(Self.writeAgain)"
    case .missingKey(let tensor, let key):
      "the entry of tensor \"\(tensor)\" has no valid \"\(key)\"; \(Self.writeAgain)"
    case .unknownType(let tensor, let found, let known):
      "tensor \"\(tensor)\" has dtype \"\(found)\", which Lathe does not know; convert it to one of "
        + known.joined(separator: ", ")
    case .badShape(let tensor):
      "the shape of tensor \"\(tensor)\" is no array of sizes; \(Self.writeAgain)"
    case .badOffsets(let tensor):
      "the \"data_offsets\" of tensor \"\(tensor)\" are no pair of begin and end; \(Self.writeAgain)"
    case .tooLarge(let tensor, let shape):
      "tensor \"\(tensor)\" of shape \(shape) has more bytes than a file can; \(Self.writeAgain)"
    case .wrongByteCount(let tensor, let expected, let found):
      "tensor \"\(tensor)\" has \(found) bytes where its shape and dtype need \(expected); \(Self.writeAgain)"
    case .pastEnd(let tensor, let end, let available):
      "tensor \"\(tensor)\" ends at byte \(end) of the data, but there are only \(available); "
        + Self.fetchAgain
    case .hole(let before, let from, let to):
      "bytes \(from) to \(to) of the data, before tensor \"\(before)\", belong to no tensor; "
        + Self.writeAgain
    case .overlap(let tensor, let begin, let previousEnd):
      "tensor \"\(tensor)\" begins at byte \(begin) of the data, inside the tensor before it, which ends at "
        + "\(previousEnd); \(Self.writeAgain)"
    case .leftover(let byteCount):
      "\(byteCount) bytes at the end belong to no tensor; \(Self.writeAgain)"
    case .noSuchTensor(let name): "has no tensor \"\(name)\"; check the name"
    case .notAsPlanned(let tensor):
      "tensor \"\(tensor)\" to be written differs in type or shape from what was planned; report this"
    }
  }

  private static let fetchAgain = "the file was cut off, so fetch it again"
  private static let writeAgain = "the file is damaged or badly written, so fetch it again"
  private static let checkFormat = "check that this is a safetensors file"
}
