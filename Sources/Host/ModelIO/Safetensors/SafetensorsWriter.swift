import Tensors

/// Writes safetensors files whose bytes depend on the tensors alone: fixed order, fixed header, one metadata
/// entry, `"format": "pt"`, that stock readers ask for.
public struct SafetensorsWriter: Sendable {
  /// What was written.
  public struct Written: Sendable, Equatable {
    public let byteCount: Int
    /// SHA-256 of the file.
    public let hash: String
    /// SHA-256 of each tensor's bytes by name.
    public let tensorHashes: [String: String]
  }

  /// In the order of the file.
  public let entries: [SafetensorsEntry]
  /// Exact size of the file.
  public let byteCount: Int
  private let header: [UInt8]

  /// Plans a file of these tensors, which may come in any order.
  public init(_ entries: [SafetensorsEntry], path: String) throws(ModelIOError) {
    do { self = try SafetensorsWriter(planning: entries) } catch { throw .safetensors(path: path, error) }
  }

  private init(planning entries: [SafetensorsEntry]) throws(SafetensorsFault) {
    self.entries = entries.sorted(by: SafetensorsEntry.precedes)
    var members: JSONObject = ["__metadata__": ["format": "pt"]]
    var offset = 0
    for entry in self.entries {
      guard SafetensorsLayout.isAllowed(entry.name) else { throw .badName(entry.name) }
      guard members[entry.name] == nil else { throw .duplicateName(entry.name) }
      guard let count = entry.checkedByteCount,
        case let (end, overflow) = offset.addingReportingOverflow(count),
        !overflow
      else { throw .tooLarge(tensor: entry.name, shape: entry.shape) }
      members[entry.name] = [
        "dtype": .string(entry.elementType.rawValue), "shape": .array(entry.shape.map { .integer($0) }),
        "data_offsets": .array([.integer(offset), .integer(end)]),
      ]
      offset = end
    }
    var text = Array(JSON.object(members).text(indent: nil).utf8)
    // The data must begin at a multiple of 8.
    text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - text.count % 8) % 8))
    guard text.count <= SafetensorsFile.longestHeader else {
      throw .headerTooLong(byteCount: UInt64(text.count), limit: SafetensorsFile.longestHeader)
    }
    header = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
    let (total, overflow) = offset.addingReportingOverflow(header.count)
    guard !overflow else { throw .tooLarge(tensor: "", shape: []) }
    byteCount = total
  }

  /// Exact size of the file that these tensors make.
  public static func byteCount(_ entries: [SafetensorsEntry]) throws(ModelIOError) -> Int {
    try SafetensorsWriter(entries, path: "a safetensors file").byteCount
  }

  /// Writes the file, asking for one tensor after the other. The memory of a tensor that a file backs is dropped
  /// once it is written.
  ///
  /// The file appears at `path` only when it is complete, and then replaces one that is there.
  /// - Parameters:
  ///   - isCancelled: asked before each tensor.
  ///   - tensor: the tensor of an entry, in the order of `entries`.
  public func write(
    to path: String, isCancelled: () -> Bool = { false },
    tensor: (SafetensorsEntry) throws(ModelIOError) -> Tensor
  ) throws(ModelIOError) -> Written {
    let file = try OutputFile(path: path, byteCount: byteCount)
    try file.append(header)
    var hashes: [String: String] = [:]
    for entry in entries {
      guard !isCancelled() else { throw .cancelled }
      let tensor = try tensor(entry)
      guard tensor.elementType == entry.elementType, tensor.shape == entry.shape else {
        throw .safetensors(path: path, .notAsPlanned(tensor: entry.name))
      }
      try tensor.withBytes { bytes throws(ModelIOError) in try file.append(bytes) }
      hashes[entry.name] = SHA256.hex(of: tensor)
      tensor.evict()
    }
    return Written(byteCount: byteCount, hash: try file.commit(), tensorHashes: hashes)
  }

  /// Writes these tensors to one file.
  @discardableResult
  public static func write(_ tensors: [String: Tensor], to path: String) throws(ModelIOError) -> Written {
    let entries = tensors.map { name, tensor in
      SafetensorsEntry(name: name, elementType: tensor.elementType, shape: tensor.shape)
    }
    return try SafetensorsWriter(entries, path: path).write(to: path) { entry throws(ModelIOError) in
      guard let tensor = tensors[entry.name] else {
        throw .safetensors(path: path, .noSuchTensor(entry.name))
      }
      return tensor
    }
  }
}
