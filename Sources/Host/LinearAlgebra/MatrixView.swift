/// Row-major elements in somebody else's memory, which must outlive the view.
///
/// Element (i, j) lies at `base + i * rowStride + j`. Views let every operation run on borrowed memory, a
/// plugin's for instance, without a copy.
public struct MatrixView<Scalar: RealScalar>: @unchecked Sendable {
  public let base: UnsafePointer<Scalar>
  public let rows: Int
  public let columns: Int
  public let rowStride: Int

  @inlinable
  public init(_ base: UnsafePointer<Scalar>, rows: Int, columns: Int, rowStride: Int? = nil) {
    self.base = base
    self.rows = rows
    self.columns = columns
    self.rowStride = rowStride ?? columns
    precondition(rows >= 0 && columns >= 0 && self.rowStride >= columns, "a row exceeds its stride")
  }

  @inlinable public var isContiguous: Bool { rowStride == columns || rows <= 1 }

  @inlinable public subscript(row: Int, column: Int) -> Scalar { base[row * rowStride + column] }

  /// The part with the given rows and columns, in place.
  @inlinable
  public func part(rows: Range<Int>, columns: Range<Int>) -> MatrixView {
    precondition(rows.lowerBound >= 0 && rows.upperBound <= self.rows, "rows out of range")
    precondition(columns.lowerBound >= 0 && columns.upperBound <= self.columns, "columns out of range")
    return MatrixView(
      base + rows.lowerBound * rowStride + columns.lowerBound, rows: rows.count, columns: columns.count,
      rowStride: rowStride)
  }

  @inlinable
  public func rows(_ range: Range<Int>) -> MatrixView { part(rows: range, columns: 0..<columns) }

  /// How many elements are NaN or infinite.
  public var nonFiniteCount: Int {
    if isContiguous { return Scalar.routines.countNonFinite(base, rows * columns) }
    return (0..<rows).reduce(0) { $0 + Scalar.routines.countNonFinite(base + $1 * rowStride, columns) }
  }
}

/// The writable twin of `MatrixView`.
public struct MutableMatrixView<Scalar: RealScalar>: @unchecked Sendable {
  public let base: UnsafeMutablePointer<Scalar>
  public let rows: Int
  public let columns: Int
  public let rowStride: Int

  @inlinable
  public init(_ base: UnsafeMutablePointer<Scalar>, rows: Int, columns: Int, rowStride: Int? = nil) {
    self.base = base
    self.rows = rows
    self.columns = columns
    self.rowStride = rowStride ?? columns
    precondition(rows >= 0 && columns >= 0 && self.rowStride >= columns, "a row exceeds its stride")
  }

  @inlinable public subscript(row: Int, column: Int) -> Scalar {
    get { base[row * rowStride + column] }
    nonmutating set { base[row * rowStride + column] = newValue }
  }

  /// The same memory, to be read.
  @inlinable public var readable: MatrixView<Scalar> {
    MatrixView(base, rows: rows, columns: columns, rowStride: rowStride)
  }

  /// The part with the given rows and columns, in place.
  @inlinable
  public func part(rows: Range<Int>, columns: Range<Int>) -> MutableMatrixView {
    precondition(rows.lowerBound >= 0 && rows.upperBound <= self.rows, "rows out of range")
    precondition(columns.lowerBound >= 0 && columns.upperBound <= self.columns, "columns out of range")
    return MutableMatrixView(
      base + rows.lowerBound * rowStride + columns.lowerBound, rows: rows.count, columns: columns.count,
      rowStride: rowStride)
  }

  @inlinable
  public func rows(_ range: Range<Int>) -> MutableMatrixView { part(rows: range, columns: 0..<columns) }

  /// Copies the elements of `source`, which has the same shape and does not overlap.
  public func copy(from source: MatrixView<Scalar>) {
    precondition(source.rows == rows && source.columns == columns, "shapes differ")
    for i in 0..<rows {
      (base + i * rowStride).update(from: source.base + i * source.rowStride, count: columns)
    }
  }

  /// Sets every element to `value`.
  public func fill(_ value: Scalar) {
    for i in 0..<rows { (base + i * rowStride).update(repeating: value, count: columns) }
  }
}
