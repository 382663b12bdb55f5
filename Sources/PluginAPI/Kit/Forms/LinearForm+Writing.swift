import CLathe

/// Lends `terms` to `body` as the C structures of the header, valid while it runs.
func withCLinear<Result>(
  _ terms: [[Factor]], bias: TensorBox?, _ body: (UnsafePointer<lathe_linear>) -> Result
) -> Result {
  let count = terms.reduce(0) { $0 + $1.count }
  return withUnsafeTemporaryAllocation(of: lathe_matrix.self, capacity: count) { matrices in
    withUnsafeTemporaryAllocation(of: UnsafePointer<lathe_matrix>?.self, capacity: count) { factors in
      withUnsafeTemporaryAllocation(of: lathe_term.self, capacity: terms.count) { cTerms in
        withUnsafeTemporaryAllocation(of: UnsafePointer<lathe_term>?.self, capacity: terms.count) { list in
          var next = 0
          for (t, term) in terms.enumerated() {
            let first = next
            for factor in term {
              matrices.initializeElement(at: next, to: factor.cMatrix)
              factors.initializeElement(at: next, to: matrices.baseAddress.map { UnsafePointer($0 + next) })
              next += 1
            }
            let cTerm = lathe_term(
              struct_size: UInt32(MemoryLayout<lathe_term>.size), factor_count: UInt32(term.count),
              factors: factors.baseAddress.map { UnsafePointer($0 + first) })
            cTerms.initializeElement(at: t, to: cTerm)
            list.initializeElement(at: t, to: cTerms.baseAddress.map { UnsafePointer($0 + t) })
          }
          var linear = lathe_linear(
            struct_size: UInt32(MemoryLayout<lathe_linear>.size), term_count: UInt32(terms.count),
            terms: list.baseAddress.map { UnsafePointer($0) }, bias: bias?.tensor)
          return withExtendedLifetime((terms, bias)) { body(&linear) }
        }
      }
    }
  }
}

extension Factor {
  fileprivate var cMatrix: lathe_matrix {
    var matrix = lathe_matrix()
    matrix.struct_size = UInt32(MemoryLayout<lathe_matrix>.size)
    matrix.rows = Int64(shape.rows)
    matrix.columns = Int64(shape.columns)
    matrix.values = values?.tensor
    matrix.scales = scales?.tensor
    matrix.zero_points = zeroPoints?.tensor
    if let type = shape.elementType { matrix.dtype = type.dtype }
    switch shape.storage {
    case .dense: matrix.storage = Int32(LATHE_MATRIX_DENSE)
    case .diagonal: matrix.storage = Int32(LATHE_MATRIX_DIAGONAL)
    case .quantized(let bits, let groupSize, let hasZeroPoints):
      matrix.storage = Int32(LATHE_MATRIX_GROUP_QUANTIZED)
      matrix.bits = Int32(clamping: bits)
      matrix.group_size = Int32(clamping: groupSize)
      if hasZeroPoints { matrix.flags = UInt32(LATHE_MATRIX_ZERO_POINTS) }
    case .codebook(let bits, let groupSize):
      matrix.storage = Int32(LATHE_MATRIX_CODEBOOK)
      matrix.bits = Int32(clamping: bits)
      matrix.group_size = Int32(clamping: groupSize)
      matrix.codebook = codebook?.tensor
    }
    return matrix
  }
}
