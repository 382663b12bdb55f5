import LinearAlgebra

/// Keys and values of the positions that later ones may see, for one block: [positions, G d] each, in f32.
///
/// With a window of w positions the oldest rows are dropped in runs, so that at most about twice the window, or the
/// window and one batch of tokens, is kept.
struct KeyValueCache: Sendable {
  private var keys: Matrix<Float>
  private var values: Matrix<Float>
  private let window: Int?
  /// Rows in use.
  private(set) var count = 0
  /// The position of row 0.
  private(set) var firstPosition = 0

  private static let smallest = 64

  init(width: Int, window: Int?) {
    keys = Matrix(uninitialisedRows: Self.smallest, columns: width)
    values = Matrix(uninitialisedRows: Self.smallest, columns: width)
    self.window = window
  }

  /// Rows there is room for.
  var capacity: Int { keys.rows }

  /// Appends the keys and values of the next positions.
  mutating func append(keys newKeys: MatrixView<Float>, values newValues: MatrixView<Float>) {
    if count + newKeys.rows > capacity { makeRoom(for: newKeys.rows) }
    let rows = count..<count + newKeys.rows
    keys.withMutableView { $0.rows(rows).copy(from: newKeys) }
    values.withMutableView { $0.rows(rows).copy(from: newValues) }
    count += newKeys.rows
  }

  /// All rows in use.
  func withRows<Result, Failure: Error>(
    _ body: (_ keys: MatrixView<Float>, _ values: MatrixView<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try keys.withView { (keys) throws(Failure) in
      try values.withView { (values) throws(Failure) in
        try body(keys.rows(0..<count), values.rows(0..<count))
      }
    }
  }

  private mutating func makeRoom(for added: Int) {
    let kept = window.map { min(count, max($0, 1) - 1) } ?? count
    let rows = count - kept..<count
    for table in [\KeyValueCache.keys, \KeyValueCache.values] {
      let old = self[keyPath: table]
      var new = Matrix<Float>(uninitialisedRows: 2 * (kept + added), columns: old.columns)
      new.withMutableView { new in old.withView { new.rows(0..<kept).copy(from: $0.rows(rows)) } }
      self[keyPath: table] = new
    }
    firstPosition += count - kept
    count = kept
  }
}
