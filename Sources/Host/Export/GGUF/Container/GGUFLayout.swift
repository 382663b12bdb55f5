/// A tensor of a GGUF file without its numbers.
public struct GGUFTensor: Sendable, Equatable {
  public let name: String
  /// Slowest extent first; the file has them in the opposite order.
  public let shape: [Int]
  public let type: GGUFType

  public init(name: String, shape: [Int], type: GGUFType) {
    self.name = name
    self.shape = shape
    self.type = type
  }

  /// Values in a row, which is stored in whole blocks.
  public var columns: Int { shape.last ?? 1 }
  public var rows: Int { shape.dropLast().reduce(1, *) }

  /// Bytes of the data; nil where the shape has an empty extent, a broken block, or more than a file can hold.
  public var checkedByteCount: Int? {
    guard (1...4).contains(shape.count), columns.isMultiple(of: type.blockLength) else { return nil }
    var count = type.blockByteCount
    for extent in shape.dropLast() + [columns / type.blockLength] {
      guard extent > 0, case let (product, overflow) = count.multipliedReportingOverflow(by: extent),
        !overflow
      else { return nil }
      count = product
    }
    return count
  }
}

/// The bytes of a GGUF file before its data, and where each tensor goes: all that depends on no number.
public struct GGUFLayout: Sendable {
  /// The longest name of a tensor, in bytes.
  public static let longestName = 63
  /// Tensors begin at multiples of this many bytes of the data.
  public static let alignment = 32

  public let tensors: [GGUFTensor]
  /// From the start of the data, in the order of `tensors`.
  public let offsets: [Int]
  /// Header with the padding behind it.
  let header: [UInt8]
  /// Exact size of the file.
  public let byteCount: Int

  public init(metadata: [(key: String, value: GGUFValue)], tensors: [GGUFTensor]) throws(GGUFFault) {
    var bytes = Array("GGUF".utf8)
    bytes.append(littleEndian: UInt32(3))
    bytes.append(littleEndian: UInt64(tensors.count))
    bytes.append(littleEndian: UInt64(metadata.count))
    var keys: Set<String> = []
    for (key, value) in metadata {
      guard keys.insert(key).inserted else { throw .duplicateName(key) }
      bytes.append(lengthAndText: key)
      bytes.append(littleEndian: value.kind.rawValue)
      value.append(to: &bytes)
    }
    var names: Set<String> = []
    var offsets: [Int] = []
    var end = 0
    for tensor in tensors {
      let length = tensor.name.utf8.count
      guard length <= Self.longestName else {
        throw .longName(tensor.name, byteCount: length, limit: Self.longestName)
      }
      guard names.insert(tensor.name).inserted else { throw .duplicateName(tensor.name) }
      guard let count = tensor.checkedByteCount else { throw .badShape(tensor: tensor.name) }
      bytes.append(lengthAndText: tensor.name)
      bytes.append(littleEndian: UInt32(tensor.shape.count))
      for extent in tensor.shape.reversed() { bytes.append(littleEndian: UInt64(extent)) }
      bytes.append(littleEndian: tensor.type.rawValue)
      bytes.append(littleEndian: UInt64(end))
      offsets.append(end)
      guard case let (sum, overflow) = end.addingReportingOverflow(count), !overflow,
        case let (padded, beyond) = sum.addingReportingOverflow(Self.padding(sum)), !beyond
      else { throw .tooLarge(tensor: tensor.name) }
      end = padded
    }
    bytes.append(contentsOf: repeatElement(0, count: Self.padding(bytes.count)))
    let (total, overflow) = bytes.count.addingReportingOverflow(end)
    guard !overflow else { throw .tooLarge(tensor: tensors.last?.name ?? "") }
    self.tensors = tensors
    self.offsets = offsets
    header = bytes
    byteCount = total
  }

  /// Bytes from `count` to the next multiple of the alignment.
  static func padding(_ count: Int) -> Int { (alignment - count % alignment) % alignment }
}
