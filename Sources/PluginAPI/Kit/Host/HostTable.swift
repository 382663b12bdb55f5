import CLathe

/// A table of host functions, which may be shorter than the one this plugin was built with.
///
/// A field is read only where it lies inside the table's `struct_size` and is set, so a plugin that is newer than
/// its host gets an error and never a wild jump.
struct HostTable<Table>: @unchecked Sendable {
  private let base: UnsafeRawPointer
  private let id: String

  init(_ base: UnsafeRawPointer, id: String) {
    self.base = base
    self.id = id
  }

  /// `struct_size`, the first field of every table.
  var size: Int { Int(base.load(as: UInt32.self)) }

  /// The value of an optional field, nil where the host's table ends before it or holds NULL there.
  func field<Value>(_ path: KeyPath<Table, Value?>) -> Value? {
    guard let offset = MemoryLayout<Table>.offset(of: path),
      size >= offset + MemoryLayout<Value?>.size
    else { return nil }
    return base.load(fromByteOffset: offset, as: Value?.self)
  }

  /// The value of a plain field, nil where the host's table ends before it.
  func value<Value: BitwiseCopyable>(_ path: KeyPath<Table, Value>) -> Value? {
    guard let offset = MemoryLayout<Table>.offset(of: path), size >= offset + MemoryLayout<Value>.size
    else { return nil }
    return base.load(fromByteOffset: offset, as: Value.self)
  }

  /// A function of the table; `LATHE_ERR_UNSUPPORTED` where the host does not have it.
  func function<Value>(_ path: KeyPath<Table, Value?>, _ name: String) throws(StrategyError) -> Value {
    guard let function = field(path) else { throw .missing(function: name, table: id, size: size) }
    return function
  }
}
