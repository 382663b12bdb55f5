import CLathe
import PluginHost
import Tensors

/// Reads a form that a plugin gave and checks it as lathe.h describes it.
struct FormReader {
  let call: CheckedCall
  let node: TinyNode
  let needsValues: Bool

  func read(_ pointer: UnsafePointer<lathe_linear>?) throws(Refusal) -> (form: TinyForm, bias: [Double]?) {
    guard let linear = pointer?.pointee else { throw .unsound("the form of \(node.name) is NULL") }
    guard linear.struct_size >= MemoryLayout<lathe_linear>.size, (1...64).contains(linear.term_count),
      let terms = linear.terms
    else {
      throw .unsound(
        "the form of \(node.name) has struct_size \(linear.struct_size) and \(linear.term_count) terms")
    }
    checkCopied(pointer, "the form of \(node.name)")
    var form: TinyForm = []
    for t in 0..<Int(linear.term_count) {
      guard let term = terms[t]?.pointee, term.struct_size >= MemoryLayout<lathe_term>.size,
        (1...64).contains(term.factor_count), let list = term.factors
      else { throw .unsound("term \(t) of \(node.name) is NULL, too small or empty") }
      checkCopied(terms[t], "term \(t) of \(node.name)")
      var factors: [TinyFactor] = []
      for f in 0..<Int(term.factor_count) {
        guard let matrix = ForeignMatrix.load(list[f]) else {
          throw .unsound("factor \(t).\(f) of \(node.name) is NULL or its struct_size is too small")
        }
        checkCopied(list[f], "factor \(t).\(f) of \(node.name)")
        factors.append(try factor(matrix, "factor \(t).\(f) of \(node.name)"))
      }
      try checkChain(factors, term: t)
      form.append(factors)
    }
    return (form, try linear.bias.map { (tensor) throws(Refusal) in try bias(tensor) })
  }

  /// A borrowed table of a newer host is larger than what this header knows: a copy of that does not have the rest.
  private func checkCopied<Table>(_ table: UnsafePointer<Table>?, _ what: String) {
    let growth = call.host.options.tableGrowth
    guard growth > 0, let table = table.map(UnsafeRawPointer.init), !call.hasLent(table),
      table.load(as: UInt32.self) == UInt32(MemoryLayout<Table>.size) + growth
    else { return }
    call.note(
      "works-in-newer-host", "a form",
      "\(what) is a copy of a borrowed table and says that it is as large as that: the copy ends earlier")
  }

  private func bias(_ tensor: UnsafeMutablePointer<lathe_tensor>) throws(Refusal) -> [Double] {
    let given = try GivenTensor(tensor, "the bias of \(node.name)")
    guard given.shape == [node.outFeatures] else {
      throw .unsound("the bias of \(node.name) has the shape \(given.shape), not [\(node.outFeatures)]")
    }
    return given.numbers
  }

  private func checkChain(_ factors: [TinyFactor], term: Int) throws(Refusal) {
    var width = node.inFeatures
    for (index, factor) in factors.enumerated() {
      guard factor.columns == width else {
        throw .unsound(
          "factor \(term).\(index) of \(node.name) has \(factor.columns) columns where \(width) values meet it"
        )
      }
      width = factor.rows
    }
    guard width == node.outFeatures else {
      throw .unsound("term \(term) of \(node.name) gives \(width) outputs, not \(node.outFeatures)")
    }
  }

  private func factor(_ matrix: lathe_matrix, _ what: String) throws(Refusal) -> TinyFactor {
    let limit = Int64(1 << 20)
    guard matrix.rows > 0, matrix.columns > 0, matrix.rows <= limit, matrix.columns <= limit else {
      throw .unsound("\(what) has the shape [\(matrix.rows), \(matrix.columns)]")
    }
    var type = node.type
    if matrix.dtype.bits != 0 {
      guard let given = TensorBytes.type(of: matrix.dtype), given.isReal else {
        throw .unsound("\(what) is to be stored in code \(matrix.dtype.code), \(matrix.dtype.bits) bits")
      }
      type = given
    }
    var factor = TinyFactor(
      storage: matrix.storage, rows: Int(matrix.rows), columns: Int(matrix.columns), type: type)
    switch Int(matrix.storage) {
    case LATHE_MATRIX_DENSE:
      if needsValues { factor.values = try reals(matrix.values, [factor.rows, factor.columns], type, what) }
    case LATHE_MATRIX_DIAGONAL:
      guard factor.rows == factor.columns else { throw .unsound("\(what) is diagonal but not square") }
      if needsValues { factor.values = try reals(matrix.values, [factor.rows], type, what) }
    case LATHE_MATRIX_GROUP_QUANTIZED, LATHE_MATRIX_CODEBOOK: try readCodes(matrix, into: &factor, what)
    default:
      // A kind of a later header: this host cannot look inside.
      throw .no(LATHE_ERR_UNSUPPORTED, "\(what) has the storage kind \(matrix.storage)")
    }
    return factor
  }

  private func readCodes(_ matrix: lathe_matrix, into factor: inout TinyFactor, _ what: String)
    throws(Refusal)
  {
    guard (2...8).contains(matrix.bits), matrix.group_size >= 0 else {
      throw .unsound("\(what) has \(matrix.bits) bits and groups of \(matrix.group_size)")
    }
    factor.bits = Int(matrix.bits)
    factor.groupSize = Int(matrix.group_size) >= factor.columns ? 0 : Int(matrix.group_size)
    let hasZeros = matrix.zero_points != nil || matrix.flags & UInt32(LATHE_MATRIX_ZERO_POINTS) != 0
    factor.hasZeros = hasZeros && !factor.isTable
    guard needsValues else { return }
    factor.values = try codes(matrix.values, [factor.rows, factor.columns], factor.bits, what)
    let groups = [factor.rows, factor.groups]
    factor.scales = try reals(matrix.scales, groups, factor.type, "the scales of \(what)")
    if factor.isTable {
      factor.table = try reals(matrix.codebook, [1 << factor.bits], .f32, "the codebook of \(what)")
    } else if let zeros = matrix.zero_points {
      factor.zeros = try codes(zeros, groups, factor.bits, "the zero points of \(what)")
    }
  }

  private func given(
    _ tensor: UnsafePointer<lathe_tensor>?, _ shape: [Int], _ what: String
  ) throws(Refusal) -> GivenTensor {
    let given = try GivenTensor(tensor, what)
    guard given.shape == shape else { throw .unsound("\(what) has the shape \(given.shape), not \(shape)") }
    return given
  }

  /// Values as they will be stored.
  private func reals(
    _ tensor: UnsafePointer<lathe_tensor>?, _ shape: [Int], _ type: ElementType, _ what: String
  ) throws(Refusal) -> [Double] {
    let given = try given(tensor, shape, "the values of \(what)")
    guard given.type.isReal else { throw .unsound("\(what) holds no real numbers") }
    let values = given.numbers.map { type.rounding($0) }
    if let bad = values.firstIndex(where: { !$0.isFinite }) {
      call.note(
        "outputs-finite", "replace_linear", "element \(bad) of \(what) is \(values[bad]) in \(type.rawValue)")
    }
    return values
  }

  private func codes(
    _ tensor: UnsafePointer<lathe_tensor>?, _ shape: [Int], _ bits: Int, _ what: String
  ) throws(Refusal) -> [Double] {
    let given = try given(tensor, shape, what)
    guard given.type == .u8 else { throw .unsound("\(what) has codes in \(given.type.rawValue), not u8") }
    let values = given.numbers
    if let bad = values.first(where: { $0 >= Double(1 << bits) }) {
      call.note(
        "codes-fit-their-bits", "replace_linear",
        "\(what) has the code \(Int(bad)), which needs more than \(bits) bits")
    }
    return values
  }
}
