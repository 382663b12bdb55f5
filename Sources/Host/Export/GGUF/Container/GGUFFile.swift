import ModelIO
import Tensors

/// A GGUF file, mapped: its metadata, and its tensors as f32 numbers.
public struct GGUFFile: Sendable {
  public let path: String
  /// In the order of the file.
  public let metadata: [(key: String, value: GGUFValue)]
  public let tensors: [GGUFTensor]
  private let places: [String: (tensor: GGUFTensor, offset: Int)]
  private let storage: Storage

  public init(path: String) throws(ExportError) {
    let file: MappedFile
    do { file = try MappedFile(path: path) } catch { throw .model(.system(error)) }
    do { try self.init(file) } catch { throw .ggufFile(path: path, error) }
  }

  private init(_ file: MappedFile) throws(GGUFFault) {
    let bytes = UnsafeRawBufferPointer(start: file.storage.base, count: file.byteCount)
    var cursor = GGUFCursor(bytes)
    guard bytes.starts(with: "GGUF".utf8) else { throw .notGGUF }
    _ = try cursor.take(UInt32.self)
    let version = try cursor.take(UInt32.self)
    guard version == 3 else { throw .version(version) }
    let tensorCount = try cursor.count(of: 24)
    let pairCount = try cursor.count(of: 12)
    var metadata: [(key: String, value: GGUFValue)] = []
    var keys: Set<String> = []
    for _ in 0..<pairCount {
      let key = try cursor.text()
      guard keys.insert(key).inserted else { throw .duplicateName(key) }
      metadata.append((key, try cursor.value(try cursor.kind(of: key), key: key)))
    }
    let alignment = try Self.alignment(metadata)
    var tensors: [(GGUFTensor, UInt64)] = []
    for _ in 0..<tensorCount { tensors.append(try Self.tensor(&cursor)) }
    let start = (cursor.position + alignment - 1) / alignment * alignment
    var places: [String: (tensor: GGUFTensor, offset: Int)] = [:]
    var end = 0
    for (tensor, offset) in tensors {
      guard let count = tensor.checkedByteCount else { throw .badShape(tensor: tensor.name) }
      guard offset == UInt64(end) else {
        throw .badOffset(tensor: tensor.name, expected: UInt64(end), found: offset)
      }
      guard end <= bytes.count - start, count <= bytes.count - start - end else {
        throw .pastEnd(tensor: tensor.name)
      }
      guard places.updateValue((tensor, start + end), forKey: tensor.name) == nil else {
        throw .duplicateName(tensor.name)
      }
      end = (end + count + alignment - 1) / alignment * alignment
    }
    path = file.path
    self.metadata = metadata
    self.tensors = tensors.map(\.0)
    self.places = places
    storage = file.storage
  }

  private static func alignment(_ metadata: [(key: String, value: GGUFValue)]) throws(GGUFFault) -> Int {
    guard let value = metadata.first(where: { $0.key == "general.alignment" })?.value else {
      return GGUFLayout.alignment
    }
    guard case .u32(let alignment) = value, alignment.nonzeroBitCount == 1, alignment <= 1 << 20 else {
      throw .badAlignment
    }
    return Int(alignment)
  }

  private static func tensor(_ cursor: inout GGUFCursor) throws(GGUFFault) -> (GGUFTensor, UInt64) {
    let name = try cursor.text()
    let dimensions = try cursor.take(UInt32.self)
    guard (1...4).contains(dimensions) else { throw .badShape(tensor: name) }
    var shape: [Int] = []
    for _ in 0..<dimensions {
      guard let extent = Int(exactly: try cursor.take(UInt64.self)) else { throw .badShape(tensor: name) }
      shape.insert(extent, at: 0)
    }
    let number = try cursor.take(UInt32.self)
    guard let type = GGUFType(rawValue: number) else { throw .unknownType(number, tensor: name) }
    return (GGUFTensor(name: name, shape: shape, type: type), try cursor.take(UInt64.self))
  }

  /// The value of a key.
  public subscript(_ key: String) -> GGUFValue? { metadata.first { $0.key == key }?.value }

  /// The bytes of a tensor, as long as this file lives.
  public func withBytes<Result>(
    of name: String, _ body: (GGUFTensor, UnsafeRawBufferPointer) -> Result
  ) throws(ExportError) -> Result {
    guard let place = places[name], let count = place.tensor.checkedByteCount else {
      throw .ggufFile(path: path, .noSuchTensor(name))
    }
    return body(place.tensor, UnsafeRawBufferPointer(start: storage.base + place.offset, count: count))
  }

  /// The values of a tensor, computed in f32 in the order of operations of its type.
  public func floats(of name: String) throws(ExportError) -> Tensor {
    try withBytes(of: name) { tensor, bytes in
      Tensor(.f32, tensor.shape) { target in
        let values = target.bindMemory(to: Float.self)
        guard let source = bytes.baseAddress, let start = values.baseAddress else { return }
        let step = tensor.type.rowByteCount(tensor.columns)
        for row in 0..<tensor.rows {
          tensor.type.decodeRow(
            source + row * step, count: tensor.columns, to: start + row * tensor.columns)
        }
      }
    }
  }
}
