import CKernels
import LinearAlgebra
import Tensors
import Testing

@Suite struct MatrixTests {
  @Test("a copy is independent of its original")
  func values() {
    let a = Matrix<Double>.random(3, 4)
    var b = a
    b[1, 2] = 7
    #expect(b[1, 2] == 7 && a[1, 2] != 7)
  }

  @Test("a tensor of the same type is shared, and never written through")
  func borrowed() throws {
    let tensor = Tensor([2, 3], [1, 2, 3, 4, 5, 6])
    var matrix = try Matrix<Float>(tensor)
    #expect(
      matrix.withUnsafeBuffer { $0.baseAddress.map(UnsafeRawPointer.init) }
        == UnsafeRawPointer(tensor.storage.base))
    matrix[0, 0] = 9
    #expect(try tensor.floats() == [1, 2, 3, 4, 5, 6])
    #expect(try matrix.tensor().floats() == [9, 2, 3, 4, 5, 6])
  }

  @Test("vectors are one row; integers, scalars and higher ranks are refused")
  func shapes() throws {
    let vector = try Matrix<Double>(Tensor([3], [1, 2, 3]))
    #expect(vector.rows == 1 && vector.row(0) == [1, 2, 3])
    let integers = Tensor(.i32, [2, 2]) { _ in }
    #expect(failure { () throws(LinearAlgebraError) in _ = try Matrix<Float>(integers) } == .notReal(.i32))
    for shape in [[], [1, 1, 1]] {
      let tensor = Tensor(shape, [1])
      #expect(
        failure { () throws(LinearAlgebraError) in _ = try Matrix<Float>(tensor) }
          == .notAMatrix(shape: shape))
    }
  }

  @Test("transposing exchanges indices, off every block border")
  func transposes() {
    for (m, n) in [(0, 3), (1, 5), (33, 70)] {
      let a = Matrix<Float>.random(m, n)
      let t = a.transposed()
      #expect(t == Matrix(rows: n, columns: m) { a[$1, $0] })
    }
  }

  @Test("SHA-256 with and without the processor's instructions gives the published values")
  func hashes() {
    let million = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
    let known: [([UInt8], String)] = [
      (Array("abc".utf8), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (million, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ]
    for (message, expected) in known {
      #expect(Self.hash(message, lathe_sha256_init) == expected)
      #expect(Self.hash(message, lathe_sha256_init_portable) == expected)
    }
    for length in 0..<130 {
      let message = Array(million[..<length])
      #expect(Self.hash(message, lathe_sha256_init) == Self.hash(message, lathe_sha256_init_portable))
    }
  }

  private static func hash(
    _ message: [UInt8], _ start: (UnsafeMutablePointer<lathe_sha256>?) -> Void
  ) -> String {
    var state = lathe_sha256()
    var digest = [UInt8](repeating: 0, count: 32)
    start(&state)
    lathe_sha256_update(&state, message, message.count)
    lathe_sha256_final(&state, &digest)
    return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
