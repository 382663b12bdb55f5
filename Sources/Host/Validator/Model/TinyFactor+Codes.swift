import CLathe
import LinearAlgebra
import Tensors

extension TinyFactor {
  /// `matrix` as codes of two bits into a table of four numbers, in groups along the rows.
  static func lookedUp(_ matrix: Matrix<Double>, groupSize: Int, type: ElementType) -> TinyFactor {
    let table = [-1, -0.25, 0.25, 1]
    var factor = TinyFactor(
      storage: Int32(LATHE_MATRIX_CODEBOOK), rows: matrix.rows, columns: matrix.columns, type: type)
    (factor.bits, factor.groupSize, factor.table) = (2, groupSize, table)
    let numbers = matrix.numbers
    for row in 0..<matrix.rows {
      for start in stride(from: 0, to: matrix.columns, by: groupSize) {
        let group = numbers[
          row * matrix.columns + start..<row * matrix.columns + min(start + groupSize, matrix.columns)]
        let largest = group.map(abs).max() ?? 0
        let scale = type.rounding(largest == 0 ? 1 : largest)
        factor.scales.append(scale)
        for value in group {
          let nearest = table.indices.min { abs(table[$0] * scale - value) < abs(table[$1] * scale - value) }
          factor.values.append(Double(nearest ?? 0))
        }
      }
    }
    return factor
  }

  /// Row i times `factors[i]`, rounded to how it is stored.
  func scalingRows(by factors: [Double]) -> TinyFactor {
    var result = self
    if isQuantized {
      result.scales = scales.enumerated().map { type.rounding($0.element * factors[$0.offset / groups]) }
    } else {
      let width = isDiagonal ? 1 : columns
      result.values = values.enumerated().map { type.rounding($0.element * factors[$0.offset / width]) }
    }
    return result
  }
}
