import Graph
import Tensors
import TestSupport
import Testing

@Suite struct CodebookMatrixTests {
  @Test("a codebook matrix is scale times the level of its code, for every width and group", arguments: 2...8)
  func values(bits: Int) throws {
    let levels = RandomModel.normals([1 << bits], seed: 3)
    for groupSize in [0, 1, 4, 7] {
      let scheme = CodebookScheme(bits: bits, groupSize: groupSize, scaleType: .bf16)
      let groups = scheme.groupCount(columns: 11)
      let random = CounterRandom(seed: UInt64(bits))
      let codes = (0..<33).map { UInt8(random.words(at: UInt64($0)).0 % UInt32(1 << bits)) }
      let scales = try RandomModel.normals([3, groups], seed: 5).converted(to: .bf16)
      let matrix = codes.withUnsafeBufferPointer {
        CodebookMatrix(rows: 3, columns: 11, scheme: scheme, codes: $0, scales: scales, codebook: levels)
      }
      #expect(matrix.codes() == codes)
      let factor = Factor.codebook(matrix)
      var found = [Float](repeating: 0, count: 33)
      try found.withUnsafeMutableBufferPointer { try factor.copyFloats(to: #require($0.baseAddress)) }
      let (s, l) = (try scales.floats(), try levels.floats())
      let width = groupSize == 0 ? 11 : groupSize
      for i in 0..<33 {
        #expect(found[i] == s[i / 11 * groups + i % 11 / width] * l[Int(codes[i])])
      }
      #expect(factor.form.parts.map(\.shape) == factor.tensors.map(\.shape))
      #expect(factor.form.parts.map(\.elementType) == factor.tensors.map(\.elementType))
      #expect(factor.form.byteCount == factor.tensors.reduce(0) { $0 + $1.byteCount })
    }
  }
}
