import CLathe

/// A scalar type that a host tensor may hold.
public protocol HostScalar: Sendable, BitwiseCopyable {
  static var elementType: ElementType { get }
}

/// A scalar type that the host's linear algebra works in: float32 or float64.
public protocol HostReal: HostScalar, BinaryFloatingPoint {}

extension Float: HostReal {
  public static var elementType: ElementType { .float32 }
}

extension Double: HostReal {
  public static var elementType: ElementType { .float64 }
}

extension Int32: HostScalar {
  public static var elementType: ElementType { .int32 }
}

extension UInt8: HostScalar {
  public static var elementType: ElementType { .uint8 }
}

/// A row-major matrix in the host's memory; a vector is a matrix of one column.
///
/// An owned matrix is freed with its last use. A borrowed one (a statistic, a kept tensor) is read-only and valid
/// for the call that received it. Not copyable, so neither can be stored in a strategy, summary or allocation.
///
/// Rows may be written concurrently as long as no two writers share a row.
public struct HostMatrix<Scalar: HostScalar>: ~Copyable, @unchecked Sendable {
  let box: TensorBox
  private let base: UnsafeMutablePointer<Scalar>
  public let rows: Int
  public let columns: Int

  public var count: Int { rows * columns }
  public var isReadOnly: Bool { box.isReadOnly }

  init(_ box: TensorBox, from function: String) throws(StrategyError) {
    guard box.elementType == Scalar.elementType else {
      throw .brokenTensor("does not hold \(Scalar.self)", from: function)
    }
    let extents = try box.extents(from: function)
    let address = box.data ?? UnsafeMutableRawPointer(box.tensor)
    guard UInt(bitPattern: address) % UInt(MemoryLayout<Scalar>.alignment) == 0 else {
      throw .brokenTensor("is not aligned", from: function)
    }
    rows = extents.rows
    columns = extents.columns
    base = address.assumingMemoryBound(to: Scalar.self)
    self.box = box
  }

  private func offset(_ row: Int, _ column: Int) -> Int {
    precondition(row >= 0 && row < rows && column >= 0 && column < columns, "element outside the matrix")
    return row * columns + column
  }

  /// The element in `row` and `column`; writing to a read-only matrix is a programming error.
  public subscript(row: Int, column: Int) -> Scalar {
    get { base[offset(row, column)] }
    nonmutating set {
      precondition(!isReadOnly, "the matrix is borrowed from the host and read-only")
      base[offset(row, column)] = newValue
    }
  }

  /// Reads row `row`.
  public func withRow<Result, Failure: Error>(
    _ row: Int, _ body: (Span<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(row >= 0 && row < rows, "row outside the matrix")
    let buffer = UnsafeBufferPointer(start: base + row * columns, count: columns)
    return try body(buffer.span)
  }

  /// Writes row `row`.
  public func withMutableRow<Result, Failure: Error>(
    _ row: Int, _ body: (inout MutableSpan<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(row >= 0 && row < rows && !isReadOnly, "row outside the matrix, or the matrix is read-only")
    let buffer = UnsafeMutableBufferPointer(start: base + row * columns, count: columns)
    var span = buffer.mutableSpan
    return try body(&span)
  }

  /// Reads all elements, row after row.
  public func withElements<Result, Failure: Error>(
    _ body: (Span<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let buffer = UnsafeBufferPointer(start: base, count: count)
    return try body(buffer.span)
  }

  /// Writes all elements, row after row.
  public func withMutableElements<Result, Failure: Error>(
    _ body: (inout MutableSpan<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(!isReadOnly, "the matrix is borrowed from the host and read-only")
    let buffer = UnsafeMutableBufferPointer(start: base, count: count)
    var span = buffer.mutableSpan
    return try body(&span)
  }

  /// Lends the rows `range` as a matrix of their own, over the same memory, to `body`.
  public func withRows<Result: ~Copyable, Failure: Error>(
    _ range: Range<Int>, _ body: (borrowing HostMatrix<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows outside the matrix")
    let part = TensorBox(
      over: UnsafeMutableRawPointer(base + range.lowerBound * columns), of: Scalar.elementType,
      rows: range.count, columns: columns, isReadOnly: isReadOnly)
    let view = HostMatrix(part, base: base + range.lowerBound * columns, rows: range.count, columns: columns)
    return try body(view)
  }

  private init(_ box: TensorBox, base: UnsafeMutablePointer<Scalar>, rows: Int, columns: Int) {
    self.box = box
    self.base = base
    self.rows = rows
    self.columns = columns
  }

  /// The address of the elements, row after row, for loops that a span would slow down. Valid while the matrix
  /// lives; the rules about writers are those of rows.
  public var elements: UnsafeMutablePointer<Scalar> {
    precondition(!isReadOnly, "the matrix is borrowed from the host and read-only")
    return base
  }

  /// A copy of all elements, row after row.
  public func array() -> [Scalar] { Array(UnsafeBufferPointer(start: base, count: count)) }
}
