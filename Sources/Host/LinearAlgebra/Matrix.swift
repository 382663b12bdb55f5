import Tensors

/// A dense row-major matrix of `Float` or `Double`: a value, copied when a shared one is written to.
public struct Matrix<Scalar: RealScalar>: Sendable {
  public let rows: Int
  public let columns: Int
  @usableFromInline var storage: Storage
  @usableFromInline var byteOffset: Int
  /// Whether the storage was allocated here. Borrowed storage may be a read-only mapping: it is never written.
  @usableFromInline var isOwned: Bool

  /// Zeros.
  public init(rows: Int, columns: Int) {
    self.init(uninitialisedRows: rows, columns: columns, zeroed: true)
  }

  /// Elements of unknown value, to be written before they are read.
  public init(uninitialisedRows rows: Int, columns: Int) {
    self.init(uninitialisedRows: rows, columns: columns, zeroed: false)
  }

  /// The elements in row-major order.
  public init(rows: Int, columns: Int, _ values: [Scalar]) {
    self.init(uninitialisedRows: rows, columns: columns)
    precondition(values.count == rows * columns, "value count does not fit the shape")
    values.withUnsafeBytes { bytes in
      if let source = bytes.baseAddress { storage.base.copyMemory(from: source, byteCount: bytes.count) }
    }
  }

  /// A copy of what a view shows.
  public init(_ view: MatrixView<Scalar>) {
    self.init(uninitialisedRows: view.rows, columns: view.columns)
    withMutableView { $0.copy(from: view) }
  }

  /// Elements computed one by one, for small matrices.
  public init(rows: Int, columns: Int, element: (_ row: Int, _ column: Int) -> Scalar) {
    self.init(uninitialisedRows: rows, columns: columns)
    withMutableView { view in
      for i in 0..<rows {
        for j in 0..<columns { view[i, j] = element(i, j) }
      }
    }
  }

  /// The identity of order `order`.
  public static func identity(_ order: Int) -> Matrix {
    var result = Matrix(rows: order, columns: order)
    result.withMutableView { view in
      for i in 0..<order { view[i, i] = 1 }
    }
    return result
  }

  private init(uninitialisedRows rows: Int, columns: Int, zeroed: Bool) {
    precondition(rows >= 0 && columns >= 0, "a matrix has no negative extent")
    self.rows = rows
    self.columns = columns
    storage = Storage(byteCount: rows * columns * MemoryLayout<Scalar>.stride, zeroed: zeroed)
    byteOffset = 0
    isOwned = true
  }

  init(borrowing storage: Storage, byteOffset: Int, rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
    self.storage = storage
    self.byteOffset = byteOffset
    isOwned = false
  }

  public var elementCount: Int { rows * columns }

  @inlinable public subscript(row: Int, column: Int) -> Scalar {
    get {
      precondition(row >= 0 && row < rows && column >= 0 && column < columns, "index out of range")
      return pointer[row * columns + column]
    }
    set {
      precondition(row >= 0 && row < rows && column >= 0 && column < columns, "index out of range")
      makeUnique()
      pointer[row * columns + column] = newValue
    }
  }

  @usableFromInline var pointer: UnsafeMutablePointer<Scalar> {
    (storage.base + byteOffset).assumingMemoryBound(to: Scalar.self)
  }

  @usableFromInline mutating func makeUnique() {
    guard !isOwned || !isKnownUniquelyReferenced(&storage) else { return }
    let size = elementCount * MemoryLayout<Scalar>.stride
    let copy = Storage(byteCount: size)
    copy.base.copyMemory(from: storage.base + byteOffset, byteCount: size)
    storage = copy
    byteOffset = 0
    isOwned = true
  }
}

extension Matrix: Equatable {
  /// Equal shapes and equal elements; NaN equals nothing.
  public static func == (left: Matrix, right: Matrix) -> Bool {
    guard left.rows == right.rows, left.columns == right.columns else { return false }
    return left.withUnsafeBuffer { a in right.withUnsafeBuffer { b in a.elementsEqual(b) } }
  }
}
