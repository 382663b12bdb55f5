import CLathe
import Graph
import Tensors

/// The two directions between `Factor` or `FactorForm` and the ABI's `lathe_matrix`.
public enum ForeignMatrix {
  /// A copy of the table as far as it reaches, the fields beyond zero; nil where it ends before the fields that every
  /// version has.
  public static func load(_ pointer: UnsafePointer<lathe_matrix>?) -> lathe_matrix? {
    guard let pointer else { return nil }
    let base = MemoryLayout<lathe_matrix>.offset(of: \.codebook) ?? MemoryLayout<lathe_matrix>.size
    let size = Int(UnsafeRawPointer(pointer).load(as: UInt32.self))
    guard size >= base else { return nil }
    var matrix = lathe_matrix()
    withUnsafeMutableBytes(of: &matrix) { target in
      target.copyMemory(
        from: UnsafeRawBufferPointer(start: pointer, count: min(size, MemoryLayout<lathe_matrix>.size)))
    }
    return matrix
  }

  /// Shape and storage of a matrix a strategy gave, values or not.
  static func form(_ matrix: lathe_matrix, node: Node, what: String) throws(CallFault) -> FactorForm {
    let limit = Int64(Int32.max)
    guard matrix.rows > 0, matrix.columns > 0, matrix.rows <= limit, matrix.columns <= limit else {
      throw .contract("\(what) has the shape [\(matrix.rows), \(matrix.columns)]")
    }
    var type = node.elementType
    if matrix.dtype.bits != 0 {
      guard let given = ForeignTensor.elementType(of: matrix.dtype), given.isReal else {
        throw .contract("\(what) is to be stored in a type that is not real")
      }
      type = given
    }
    let rows = Int(matrix.rows)
    let columns = Int(matrix.columns)
    switch Int(matrix.storage) {
    case LATHE_MATRIX_DENSE: return FactorForm(rows: rows, columns: columns, storage: .dense(type))
    case LATHE_MATRIX_DIAGONAL:
      guard rows == columns else {
        throw .contract("\(what) is diagonal but has the shape [\(rows), \(columns)]")
      }
      return FactorForm(rows: rows, columns: rows, storage: .diagonal(type))
    case LATHE_MATRIX_GROUP_QUANTIZED:
      let group = try groupSize(matrix, what)
      let hasZeros = matrix.zero_points != nil || matrix.flags & UInt32(LATHE_MATRIX_ZERO_POINTS) != 0
      let scheme = QuantizationScheme(
        bits: Int(matrix.bits), groupSize: group, isSymmetric: !hasZeros, scaleType: type)
      return FactorForm(rows: rows, columns: columns, storage: .quantized(scheme))
    case LATHE_MATRIX_CODEBOOK:
      let group = try groupSize(matrix, what)
      let scheme = CodebookScheme(bits: Int(matrix.bits), groupSize: group, scaleType: type)
      return FactorForm(rows: rows, columns: columns, storage: .codebook(scheme))
    default:
      throw .unsupported("\(what) has the storage kind \(matrix.storage), which this host does not know")
    }
  }

  /// 0 where one group is the whole row.
  private static func groupSize(_ matrix: lathe_matrix, _ what: String) throws(CallFault) -> Int {
    guard (2...8).contains(matrix.bits), matrix.group_size >= 0 else {
      throw .contract("\(what) has \(matrix.bits) bits and groups of \(matrix.group_size)")
    }
    return Int64(matrix.group_size) >= matrix.columns ? 0 : Int(matrix.group_size)
  }

  /// The values, checked and copied.
  static func factor(_ matrix: lathe_matrix, form: FactorForm, what: String) throws(CallFault) -> Factor {
    let values = try ForeignTensor.read(matrix.values, "the values of \(what)")
    switch form.storage {
    case .dense(let type):
      try expect(values, [form.rows, form.columns], what)
      return .dense(try stored(values, as: type, what: what))
    case .diagonal(let type):
      try expect(values, [form.rows], what)
      return .diagonal(try stored(values, as: type, what: what))
    case .quantized(let scheme):
      let groups = scheme.groupCount(columns: form.columns)
      try expect(values, [form.rows, form.columns], what)
      let scales = try ForeignTensor.read(matrix.scales, "the scales of \(what)")
      try expect(scales, [form.rows, groups], "the scales of \(what)")
      let codes = try self.codes(values, bits: scheme.bits, what: what)
      var zeros: UnsafeBufferPointer<UInt8>?
      if !scheme.isSymmetric {
        let view = try ForeignTensor.read(matrix.zero_points, "the zero points of \(what)")
        try expect(view, [form.rows, groups], "the zero points of \(what)")
        zeros = try self.codes(view, bits: scheme.bits, what: "the zero points of \(what)")
      }
      return .quantized(
        QuantizedMatrix(
          rows: form.rows, columns: form.columns, scheme: scheme, codes: codes,
          scales: try stored(scales, as: scheme.scaleType, what: "the scales of \(what)"), zeroCodes: zeros))
    case .codebook(let scheme): return .codebook(try codebook(matrix, form: form, scheme, what: what))
    }
  }

  private static func codebook(
    _ matrix: lathe_matrix, form: FactorForm, _ scheme: CodebookScheme, what: String
  ) throws(CallFault) -> CodebookMatrix {
    let values = try ForeignTensor.read(matrix.values, "the values of \(what)")
    try expect(values, [form.rows, form.columns], what)
    let scales = try ForeignTensor.read(matrix.scales, "the scales of \(what)")
    try expect(scales, [form.rows, scheme.groupCount(columns: form.columns)], "the scales of \(what)")
    let codebook = try ForeignTensor.read(matrix.codebook, "the codebook of \(what)")
    try expect(codebook, [1 << scheme.bits], "the codebook of \(what)")
    return CodebookMatrix(
      rows: form.rows, columns: form.columns, scheme: scheme,
      codes: try codes(values, bits: scheme.bits, what: what),
      scales: try stored(scales, as: scheme.scaleType, what: "the scales of \(what)"),
      codebook: try stored(codebook, as: .f32, what: "the codebook of \(what)"))
  }

  /// A finite copy rounded to `type`.
  static func stored(_ view: ForeignTensor.View, as type: ElementType, what: String) throws(CallFault)
    -> Tensor
  {
    guard view.elementType.isReal else { throw .contract("\(what) holds no real numbers") }
    let copy: Tensor
    let isFinite: Bool
    do {
      copy = try view.copy().converted(to: type)
      isFinite = try copy.floats().allSatisfy(\.isFinite)
    } catch {
      throw .contract("\(what): \(error)")
    }
    guard isFinite else { throw .numerical("\(what) has values that are not finite in \(type.rawValue)") }
    return copy
  }

  /// The C table of a factor; its tensors only where `factor` is given.
  static func make(_ form: FactorForm, factor: Factor?, arena: Arena) -> UnsafePointer<lathe_matrix> {
    var matrix = lathe_matrix()
    matrix.struct_size = UInt32(MemoryLayout<lathe_matrix>.size)
    matrix.rows = Int64(form.rows)
    matrix.columns = Int64(form.columns)
    switch form.storage {
    case .dense(let type):
      matrix.storage = Int32(LATHE_MATRIX_DENSE)
      matrix.dtype = ForeignTensor.dtype(of: type)
    case .diagonal(let type):
      matrix.storage = Int32(LATHE_MATRIX_DIAGONAL)
      matrix.dtype = ForeignTensor.dtype(of: type)
    case .quantized(let scheme):
      matrix.storage = Int32(LATHE_MATRIX_GROUP_QUANTIZED)
      matrix.bits = Int32(scheme.bits)
      matrix.group_size = Int32(scheme.groupSize)
      matrix.dtype = ForeignTensor.dtype(of: scheme.scaleType)
      matrix.flags = scheme.isSymmetric ? 0 : UInt32(LATHE_MATRIX_ZERO_POINTS)
    case .codebook(let scheme):
      matrix.storage = Int32(LATHE_MATRIX_CODEBOOK)
      matrix.bits = Int32(scheme.bits)
      matrix.group_size = Int32(scheme.groupSize)
      matrix.dtype = ForeignTensor.dtype(of: scheme.scaleType)
    }
    switch factor {
    case .dense(let values)?, .diagonal(let values)?: matrix.values = arena.borrow(values)
    case .quantized(let quantized)?:
      let groups = quantized.scheme.groupCount(columns: quantized.columns)
      matrix.values = arena.borrow(Self.bytes(quantized.codes(), [quantized.rows, quantized.columns]))
      matrix.scales = arena.borrow(quantized.scales)
      if quantized.zeroPoints != nil {
        matrix.zero_points = arena.borrow(Self.bytes(quantized.zeroCodes(), [quantized.rows, groups]))
      }
    case .codebook(let table)?:
      matrix.values = arena.borrow(Self.bytes(table.codes(), [table.rows, table.columns]))
      matrix.scales = arena.borrow(table.scales)
      matrix.codebook = arena.borrow(table.codebook)
    case nil: break
    }
    return arena.hold(matrix)
  }

  private static func bytes(_ codes: [UInt8], _ shape: [Int]) -> Tensor {
    Tensor(.u8, shape) { target in codes.withUnsafeBytes { target.copyMemory(from: $0) } }
  }

  private static func expect(_ view: ForeignTensor.View, _ shape: [Int], _ what: String) throws(CallFault) {
    guard view.shape == shape else { throw .contract("\(what) has the shape \(view.shape), not \(shape)") }
  }

  private static func codes(
    _ view: ForeignTensor.View, bits: Int, what: String
  ) throws(CallFault) -> UnsafeBufferPointer<UInt8> {
    guard view.elementType == .u8 else { throw .contract("\(what) must hold one u8 code per byte") }
    let codes = UnsafeBufferPointer(
      start: view.base.assumingMemoryBound(to: UInt8.self), count: view.elementCount)
    guard codes.allSatisfy({ Int($0) < 1 << bits }) else {
      throw .contract("\(what) has a code that does not fit \(bits) bits")
    }
    return codes
  }
}
