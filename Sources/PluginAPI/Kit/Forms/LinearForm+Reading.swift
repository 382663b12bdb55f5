import CLathe

extension LinearForm {
  /// Reads a form of the host; `.unsupported` where a matrix is stored in a way this plugin does not know.
  init(reading linear: UnsafePointer<lathe_linear>) throws(StrategyError) {
    try Self.check(linear.pointee.struct_size, MemoryLayout<lathe_linear>.size, "lathe_linear")
    var terms: [[Factor]] = []
    for t in 0..<Int(linear.pointee.term_count) {
      guard let term = linear.pointee.terms?[t] else { throw Self.null("a term") }
      try Self.check(term.pointee.struct_size, MemoryLayout<lathe_term>.size, "lathe_term")
      var factors: [Factor] = []
      for f in 0..<Int(term.pointee.factor_count) {
        guard let matrix = term.pointee.factors?[f] else { throw Self.null("a factor") }
        factors.append(try Factor(reading: Self.matrix(matrix)))
      }
      terms.append(factors)
    }
    self.init(terms: terms, biasBox: linear.pointee.bias.map { TensorBox(borrowed: $0) })
  }

  /// A copy of the table as far as it reaches, the fields beyond zero.
  private static func matrix(_ pointer: UnsafePointer<lathe_matrix>) throws(StrategyError) -> lathe_matrix {
    let base = MemoryLayout<lathe_matrix>.offset(of: \.codebook) ?? MemoryLayout<lathe_matrix>.size
    let size = UnsafeRawPointer(pointer).load(as: UInt32.self)
    try check(size, base, "lathe_matrix")
    var matrix = lathe_matrix()
    withUnsafeMutableBytes(of: &matrix) { target in
      target.copyMemory(
        from: UnsafeRawBufferPointer(start: pointer, count: min(Int(size), MemoryLayout<lathe_matrix>.size)))
    }
    return matrix
  }

  private static func check(_ size: UInt32, _ expected: Int, _ name: String) throws(StrategyError) {
    guard Int(size) >= expected else {
      throw StrategyError(
        .unsupported, "\(name) of this host is \(size) bytes long and not \(expected); use a newer host")
    }
  }

  private static func null(_ what: String) -> StrategyError {
    StrategyError(.contract, "\(what) in a form of the host is NULL")
  }
}

extension Factor {
  init(reading matrix: lathe_matrix) throws(StrategyError) {
    let storage: MatrixShape.Storage
    switch Int(matrix.storage) {
    case LATHE_MATRIX_DENSE: storage = .dense
    case LATHE_MATRIX_DIAGONAL: storage = .diagonal
    case LATHE_MATRIX_GROUP_QUANTIZED:
      let hasZeros = matrix.zero_points != nil || matrix.flags & UInt32(LATHE_MATRIX_ZERO_POINTS) != 0
      storage = .quantized(
        bits: Int(matrix.bits), groupSize: Int(matrix.group_size), hasZeroPoints: hasZeros)
    case LATHE_MATRIX_CODEBOOK:
      storage = .codebook(bits: Int(matrix.bits), groupSize: Int(matrix.group_size))
    default:
      throw StrategyError(
        .unsupported, "a matrix is stored in way \(matrix.storage), which this plugin does not know")
    }
    self.init(
      shape: MatrixShape(
        rows: Int(matrix.rows), columns: Int(matrix.columns), storage: storage,
        elementType: ElementType(matrix.dtype)),
      values: matrix.values.map { TensorBox(borrowed: $0) },
      scales: matrix.scales.map { TensorBox(borrowed: $0) },
      zeroPoints: matrix.zero_points.map { TensorBox(borrowed: $0) },
      codebook: matrix.codebook.map { TensorBox(borrowed: $0) })
  }
}

extension HostAccess where Self: ~Copyable {
  /// The values of a dense or diagonal factor as float32, in the shape of its tensor.
  public func floats(of factor: Factor) throws(StrategyError) -> HostMatrix<Float> {
    guard let box = factor.values else {
      throw StrategyError(.invalid, "this factor has no values; a forecast sees shapes only")
    }
    return try floats(of: box)
  }

  /// The bias `[out]` of a form as float32; nil where it has none.
  public func bias(of form: LinearForm) throws(StrategyError) -> HostMatrix<Float>? {
    guard let box = form.bias else { return nil }
    return try floats(of: box)
  }

  /// The real numbers of a tensor of a form as float32.
  func floats(of box: TensorBox) throws(StrategyError) -> HostMatrix<Float> {
    let (rows, columns) = try box.extents(from: "linear")
    let result = try newMatrix(Float.self, rows: rows, columns: columns)
    guard let data = box.data, let type = box.elementType else { return result }
    try result.withMutableElements { (target) throws(StrategyError) in
      switch type {
      case .float32: Self.read(data, &target) { (x: Float) in x }
      case .float64: Self.read(data, &target) { (x: Double) in Float(x) }
      case .float16: Self.read(data, &target) { (x: Float16) in Float(x) }
      case .bfloat16: Self.read(data, &target) { (x: UInt16) in Float(bitPattern: UInt32(x) << 16) }
      default:
        throw StrategyError(
          .unsupported, "a factor holds numbers of type (\(type.code), \(type.bits) bits), which is not real")
      }
    }
    return result
  }

  private static func read<T: BitwiseCopyable>(
    _ data: UnsafeMutableRawPointer, _ target: inout MutableSpan<Float>, _ convert: (T) -> Float
  ) {
    for i in target.indices {
      target[i] = convert(data.loadUnaligned(fromByteOffset: i * MemoryLayout<T>.size, as: T.self))
    }
  }
}
