import Graph
import LinearAlgebra
import Tensors
import TestSupport
import Testing

@testable import Generation

@Suite struct StoredMatrixTests {
  /// The largest |y - W x| in units of 2^-24 sum |w x|, against sums in f64, and what `decode` gives.
  static func check(_ matrix: any StoredMatrix, _ expected: [Float]) -> (error: Double, decoded: [Float]) {
    let x = RandomModel.normals([1, matrix.columns], seed: 9)
    let values = (try? x.floats()) ?? []
    var worst = 0.0
    var decoded = [Float](repeating: .nan, count: expected.count)
    decoded.withUnsafeMutableBufferPointer { buffer in
      if let base = buffer.baseAddress { matrix.decode(0..<matrix.rows, into: base) }
    }
    values.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      let operand = Operand(MatrixView(base, rows: 1, columns: matrix.columns), needs: matrix.needs)
      var y = [Float](repeating: .nan, count: matrix.rows)
      // In two pieces, which must not change what a row is.
      let cut = matrix.rows / 3
      y.withUnsafeMutableBufferPointer { target in
        guard let start = target.baseAddress else { return }
        matrix.multiply(0..<cut, operand, row: 0, into: start)
        matrix.multiply(cut..<matrix.rows, operand, row: 0, into: start + cut)
      }
      for row in 0..<matrix.rows {
        var (sum, size) = (0.0, 0.0)
        for column in 0..<matrix.columns {
          let product = Double(expected[row * matrix.columns + column]) * Double(values[column])
          sum += product
          size += abs(product)
        }
        worst = max(worst, abs(Double(y[row]) - sum) / (size * 0x1p-24))
      }
    }
    return (worst, decoded)
  }

  @Test(
    "a dense matrix of any element type times a vector is the sum in f64",
    arguments: [ElementType.f32, .f16, .bf16, .f64], [1, 7, 16, 63, 64, 65, 200, 1024])
  func dense(type: ElementType, columns: Int) throws {
    let values = try RandomModel.normals([11, columns], seed: 2).converted(to: type)
    let expected = try values.floats()
    // A tensor in a file may begin at any byte.
    let shifted = Storage(byteCount: values.byteCount + 1)
    values.withBytes {
      (shifted.base + 1).copyMemory(from: $0.baseAddress ?? .init(shifted.base), byteCount: $0.count)
    }
    for tensor in [values, Tensor(type, values.shape, storage: shifted, byteOffset: 1)] {
      let found = Self.check(DenseRows(tensor), expected)
      // 64 lanes of columns / 64 products, and six additions to fold them.
      #expect(found.error <= Double(columns) / 64 + 9)
      #expect(found.decoded == expected)
    }
  }

  @Test(
    "packed codes times a vector are the sum in f64, and decode to the very floats of the form",
    arguments: 2...8, [true, false])
  func packed(bits: Int, isSymmetric: Bool) throws {
    for (columns, group) in [
      (128, 64), (256, 128), (200, 64), (384, 0), (77, 0), (96, 32), (256, 8), (130, 24), (90, 20), (1, 0),
      (512, 256), (200, 200), (264, 72), (640, 320),
    ] {
      for type in [ElementType.f16, .bf16, .f32, .f64] {
        let matrix = try Packed.matrix(
          rows: 13, columns: columns, bits: bits, groupSize: group, isSymmetric: isSymmetric, scaleType: type)
        let expected = try Packed.floats(.quantized(matrix))
        let found = Self.check(try PackedRows(matrix), expected)
        #expect(found.decoded == expected, "\(columns) columns, groups of \(group), \(type)")
        // Eight products a run, a run in each 128 columns, the fold; a zero point far from the middle code costs up
        // to twice the size of the products again.
        let bound = (Double(columns) / 128 + 16) * (isSymmetric ? 1 : 8)
        #expect(found.error <= bound, "\(columns) columns, groups of \(group), \(type): \(found.error)")
      }
    }
  }

  @Test("no kernel reads beyond the last byte of a matrix", arguments: 2...8)
  func boundaries(bits: Int) throws {
    for columns in [1, 8, 9, 40, 120, 128, 129, 250, 256, 384] {
      let matrix = try Packed.matrix(
        rows: 3, columns: columns, bits: bits, groupSize: 8, isSymmetric: false, scaleType: .f16)
      let guarded = QuantizedMatrix(
        rows: 3, columns: columns, scheme: matrix.scheme, packed: try GuardedTensor.copy(matrix.packed),
        scales: try GuardedTensor.copy(matrix.scales),
        zeroPoints: try matrix.zeroPoints.map(GuardedTensor.copy))
      let expected = try Packed.floats(.quantized(matrix))
      #expect(Self.check(try PackedRows(guarded), expected).decoded == expected)
      for type in [ElementType.f32, .f16, .bf16] {
        let values = try RandomModel.normals([3, columns], seed: 4).converted(to: type)
        #expect(Self.check(DenseRows(try GuardedTensor.copy(values)), try values.floats()).error < 30)
      }
    }
  }

  @Test("a kind of storage that can only decode multiplies all the same")
  func fallback() throws {
    struct Decoding: StoredMatrix {
      let base: DenseRows
      var rows: Int { base.rows }
      var columns: Int { base.columns }
      func decode(_ rows: Range<Int>, into target: UnsafeMutablePointer<Float>) {
        base.decode(rows, into: target)
      }
    }
    let values = RandomModel.normals([9, 70], seed: 3)
    #expect(Self.check(Decoding(base: DenseRows(values)), try values.floats()).error < 20)
  }
}
