import Tensors

/// The header of a safetensors file, parsed and checked against the length of the file.
struct SafetensorsLayout {
  /// A tensor and where its data begins and ends, counted from the start of the data.
  struct Place {
    let entry: SafetensorsEntry
    let begin: Int
    let end: Int
  }

  let metadata: [String: String]
  /// Sorted by position; they tile the data without holes or overlap.
  let places: [Place]
  /// Bytes before the data.
  let dataStart: Int

  init(_ bytes: UnsafeRawBufferPointer) throws(SafetensorsFault) {
    let header = try Self.header(of: bytes)
    let json: JSON
    do { json = try JSON(parsing: header) } catch { throw .badHeader(error) }
    guard let members = json.objectValue else { throw .headerIsNoObject }
    dataStart = 8 + header.count
    var metadata: [String: String] = [:]
    var places: [Place] = []
    var names: Set<String> = []
    for (name, value) in members {
      if name == "__metadata__" {
        metadata = try Self.metadata(value)
        continue
      }
      guard Self.isAllowed(name) else { throw .badName(name) }
      // Keys of the header differ byte by byte, names here also in their normal form.
      guard names.insert(name).inserted else { throw .duplicateName(name) }
      places.append(try Self.place(of: name, value))
    }
    places.sort { ($0.begin, $0.end) < ($1.begin, $1.end) }
    try Self.checkTiling(places, byteCount: bytes.count - dataStart)
    self.metadata = metadata
    self.places = places
  }

  /// Whether a tensor may have this name.
  static func isAllowed(_ name: String) -> Bool { name != "__metadata__" && !name.utf8.contains(0) }

  private static func header(
    of bytes: UnsafeRawBufferPointer
  ) throws(SafetensorsFault) -> UnsafeRawBufferPointer {
    if bytes.starts(with: "version https://git-lfs".utf8) { throw .isLFSPointer }
    guard bytes.count >= 8 else { throw .tooShort(byteCount: bytes.count) }
    let declared = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    let limit = SafetensorsFile.longestHeader
    guard declared <= UInt64(limit) else { throw .headerTooLong(byteCount: declared, limit: limit) }
    let count = Int(declared)
    guard count <= bytes.count - 8 else {
      throw .headerPastEnd(byteCount: declared, available: bytes.count - 8)
    }
    guard count > 0, bytes[8] == UInt8(ascii: "{") else { throw .headerIsNoObject }
    return UnsafeRawBufferPointer(rebasing: bytes[8..<8 + count])
  }

  private static func metadata(_ value: JSON) throws(SafetensorsFault) -> [String: String] {
    guard let members = value.objectValue else { throw .metadataIsNoMap(key: nil) }
    var result: [String: String] = [:]
    for (key, value) in members {
      guard let text = value.stringValue else { throw .metadataIsNoMap(key: key) }
      result[key] = text
    }
    return result
  }

  private static func place(of name: String, _ value: JSON) throws(SafetensorsFault) -> Place {
    guard let members = value.objectValue else { throw .notAnEntry(tensor: name) }
    guard let typeName = members["dtype"]?.stringValue else {
      throw .missingKey(tensor: name, key: "dtype")
    }
    guard let type = ElementType(rawValue: typeName) else {
      throw .unknownType(tensor: name, found: typeName, known: ElementType.allCases.map(\.rawValue))
    }
    guard let extents = members["shape"]?.arrayValue else { throw .missingKey(tensor: name, key: "shape") }
    var shape: [Int] = []
    for extent in extents {
      guard case .integer(let extent) = extent, extent >= 0 else { throw .badShape(tensor: name) }
      shape.append(extent)
    }
    guard let offsets = members["data_offsets"]?.arrayValue else {
      throw .missingKey(tensor: name, key: "data_offsets")
    }
    guard offsets.count == 2, case .integer(let begin) = offsets[0], case .integer(let end) = offsets[1],
      0 <= begin, begin <= end
    else { throw .badOffsets(tensor: name) }
    let entry = SafetensorsEntry(name: name, elementType: type, shape: shape)
    guard let byteCount = entry.checkedByteCount else { throw .tooLarge(tensor: name, shape: shape) }
    guard end - begin == byteCount else {
      throw .wrongByteCount(tensor: name, expected: byteCount, found: end - begin)
    }
    return Place(entry: entry, begin: begin, end: end)
  }

  private static func checkTiling(_ places: [Place], byteCount: Int) throws(SafetensorsFault) {
    var covered = 0
    for place in places {
      let name = place.entry.name
      guard place.begin >= covered else {
        throw .overlap(tensor: name, begin: place.begin, previousEnd: covered)
      }
      guard place.begin == covered else { throw .hole(before: name, from: covered, to: place.begin) }
      guard place.end <= byteCount else {
        throw .pastEnd(tensor: name, end: place.end, available: byteCount)
      }
      covered = place.end
    }
    guard covered == byteCount else { throw .leftover(byteCount: byteCount - covered) }
  }
}
