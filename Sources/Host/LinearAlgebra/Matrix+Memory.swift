extension Matrix {
  /// Lends the elements in row-major order.
  @inlinable
  public func withUnsafeBuffer<Result, Failure: Error>(
    _ body: (UnsafeBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeBufferPointer(start: pointer, count: rows * columns))
  }

  /// Lends the elements in row-major order, to be written.
  @inlinable
  public mutating func withUnsafeMutableBuffer<Result, Failure: Error>(
    _ body: (UnsafeMutableBufferPointer<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    makeUnique()
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeMutableBufferPointer(start: pointer, count: rows * columns))
  }

  /// Lends the whole matrix as a view.
  @inlinable
  public func withView<Result, Failure: Error>(
    _ body: (MatrixView<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(storage) {} }
    return try body(MatrixView(pointer, rows: rows, columns: columns))
  }

  /// Lends the whole matrix as a view, to be written.
  @inlinable
  public mutating func withMutableView<Result, Failure: Error>(
    _ body: (MutableMatrixView<Scalar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    makeUnique()
    defer { withExtendedLifetime(storage) {} }
    return try body(MutableMatrixView(pointer, rows: rows, columns: columns))
  }
}
