/// What is wrong with a GGUF file that is read, or cannot be with one that is to be written.
public enum GGUFFault: Error, Equatable, CustomStringConvertible {
  case longName(String, byteCount: Int, limit: Int)
  case duplicateName(String)
  case tooLarge(tensor: String)
  case notGGUF
  case version(UInt32)
  case truncated(at: Int)
  case unknownKind(UInt32, key: String)
  case nestedArray(key: String)
  case notUTF8(at: Int)
  case badAlignment
  case unknownType(UInt32, tensor: String)
  case badShape(tensor: String)
  case badOffset(tensor: String, expected: UInt64, found: UInt64)
  case pastEnd(tensor: String)
  case noSuchTensor(String)

  public var description: String {
    switch self {
    case .longName(let name, let byteCount, let limit):
      "the tensor name \"\(name)\" has \(byteCount) bytes, but GGUF allows \(limit); rename the layer"
    case .duplicateName(let name): "\"\(name)\" is there twice; write the file again"
    case .tooLarge(let tensor): "tensor \"\(tensor)\" has more bytes than a file can; export a smaller model"
    case .notGGUF: "does not begin with \"GGUF\"; check that it is a GGUF file"
    case .version(let found): "is GGUF version \(found), but Lathe reads version 3; convert it"
    case .truncated(let position):
      "ends inside its header, at byte \(position), or declares a length past its end; fetch it again"
    case .unknownKind(let kind, let key):
      "\"\(key)\" has the value kind \(kind), which is unknown; convert it"
    case .nestedArray(let key): "\"\(key)\" is an array of arrays, which Lathe does not read; convert it"
    case .notUTF8(let position): "the text at byte \(position) is no UTF-8; fetch it again"
    case .badAlignment: "\"general.alignment\" is no power of two from 1 to 2^20; fetch it again"
    case .unknownType(let type, let tensor):
      "tensor \"\(tensor)\" has the type \(type), which Lathe does not read; convert it to one of "
        + GGUFType.allCases.map(\.name).joined(separator: ", ")
    case .badShape(let tensor):
      "the shape of tensor \"\(tensor)\" is none that its type can have; fetch it again"
    case .badOffset(let tensor, let expected, let found):
      "tensor \"\(tensor)\" begins at byte \(found) of the data instead of \(expected); write it again"
    case .pastEnd(let tensor): "tensor \"\(tensor)\" ends behind the end of the file; fetch it again"
    case .noSuchTensor(let name): "has no tensor \"\(name)\"; check the name"
    }
  }
}
