import PluginKit

extension LinearShape {
  /// Average bits per element of the factors: codes, scales and zero codes over the elements they stand for.
  ///
  /// Padding of packed words is left out.
  func bitsPerElement(storedAs type: ElementType) -> Double {
    var (bits, elements) = (0.0, 0.0)
    for matrix in terms.joined() {
      let width = Double((matrix.elementType ?? type).bits)
      let (rows, columns) = (Double(matrix.rows), Double(matrix.columns))
      switch matrix.storage {
      case .dense:
        bits += rows * columns * width
        elements += rows * columns
      case .diagonal:
        bits += rows * width
        elements += rows
      case .quantized(let code, let groupSize, let hasZeroPoints):
        let groups = groupSize == 0 ? 1 : (columns / Double(groupSize)).rounded(.up)
        bits += rows * (columns * Double(code) + groups * (width + (hasZeroPoints ? Double(code) : 0)))
        elements += rows * columns
      case .codebook(let code, let groupSize):
        let groups = groupSize == 0 ? 1 : (columns / Double(groupSize)).rounded(.up)
        bits += rows * (columns * Double(code) + groups * width) + Double(32 << code)
        elements += rows * columns
      }
    }
    return elements > 0 ? bits / elements : 0
  }
}
