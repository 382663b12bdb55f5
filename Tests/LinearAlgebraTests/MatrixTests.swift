import LinearAlgebra
import Tensors
import Testing

@Suite struct MatrixTests {
  @Test("a copy does not change with its original")
  func valueSemantics() {
    let original = Matrix<Double>(rows: 2, columns: 2, [1, 2, 3, 4])
    var copy = original
    copy[0, 1] = 9
    #expect(original.elements == [1, 2, 3, 4])
    #expect(copy.elements == [1, 9, 3, 4])
  }

  @Test("a matrix and a tensor share memory, and writing to the matrix leaves the tensor alone")
  func sharing() throws {
    let tensor = Tensor([2, 3], [1, 2, 3, 4, 5, 6])
    var matrix = try Matrix<Float>(tensor)
    #expect(matrix.tensor().storage === tensor.storage)
    matrix[1, 2] = 0
    #expect(try tensor.floats() == [1, 2, 3, 4, 5, 6])
    let shown = matrix.tensor()
    matrix[0, 0] = 7
    #expect(try shown.floats() == [1, 2, 3, 4, 5, 0])
  }

  @Test("a borrowed tensor is copied before it is written even when nobody else holds it")
  func borrowed() throws {
    var matrix = try Matrix<Float>(Tensor([1, 2], [1, 2]))
    let before = matrix.withUnsafeBuffer { $0.baseAddress }
    matrix[0, 0] = 3
    #expect(matrix.withUnsafeBuffer { $0.baseAddress } != before)
    #expect(matrix.elements == [3, 2])
  }

  @Test("tensors of every real type convert as Tensor does", arguments: [ElementType.bf16, .f16, .f32, .f64])
  func conversion(type: ElementType) throws {
    let source = Oracle.normal(Float.self, 7, 13).tensor()
    let tensor = try source.converted(to: type)
    #expect(try Matrix<Float>(tensor).elements == tensor.floats())
    #expect(try Matrix<Double>(tensor).elements == tensor.doubles())
  }

  @Test("a tensor at an odd byte of a file converts too")
  func unaligned() throws {
    let storage = Storage(byteCount: 13, zeroed: true)
    for (i, value) in [Float(1), -2, 0.5].enumerated() {
      storage.base.storeBytes(of: value, toByteOffset: 1 + 4 * i, as: Float.self)
    }
    #expect(try Matrix<Float>(Tensor(.f32, [3], storage: storage, byteOffset: 1)).elements == [1, -2, 0.5])
  }

  @Test("integers and higher dimensions are refused")
  func refusal() {
    #expect(throws: LinearAlgebraError.notReal(.i8)) { try Matrix<Float>(Tensor(.i8, [2, 2]) { _ in }) }
    #expect(throws: LinearAlgebraError.notAMatrix(shape: [1, 1, 1])) {
      try Matrix<Float>(Tensor([1, 1, 1], [1]))
    }
  }

  @Test(
    "transposition exchanges indices and undoes itself",
    arguments: [(1, 1), (1, 50), (33, 70), (64, 32), (0, 4)])
  func transposition(shape: (Int, Int)) {
    let a = Oracle.normal(Float.self, shape.0, shape.1)
    let b = a.transposed()
    #expect(b == Matrix(rows: shape.1, columns: shape.0) { a[$1, $0] })
    #expect(b.transposed() == a)
  }

  @Test("rows and columns are cut where the ranges say, empty ranges included")
  func parts() {
    let a = Matrix<Double>(rows: 3, columns: 4) { Double(10 * $0 + $1) }
    #expect(a.rows(1..<3).elements == [10, 11, 12, 13, 20, 21, 22, 23])
    #expect(a.columns(2..<4).elements == [2, 3, 12, 13, 22, 23])
    #expect(a.rows(1..<1).elements.isEmpty && a.columns(4..<4).rows == 3)
    #expect(a.diagonal == [0, 11, 22])
  }

  @Test("the Frobenius norm and finiteness see every element", arguments: [1, 5, 16, 37])
  func norms(count: Int) {
    var a = Matrix<Float>(rows: 1, columns: count) { Float($1 + 1) }
    let n = Double(count)
    #expect(a.frobeniusNormSquared == n * (n + 1) * (2 * n + 1) / 6)
    #expect(a.converted(to: Double.self).frobeniusNormSquared == a.frobeniusNormSquared)
    #expect(a.isFinite)
    for bad in [Float.nan, .infinity, -.infinity] {
      a[0, count - 1] = bad
      #expect(!a.isFinite && !a.converted(to: Double.self).isFinite)
    }
  }

  @Test("widening and narrowing again changes nothing")
  func precisions() {
    let a = Oracle.normal(Float.self, 5, 31)
    #expect(a.converted(to: Double.self).converted(to: Float.self) == a)
    #expect(a.converted(to: Float.self) == a)
  }
}
