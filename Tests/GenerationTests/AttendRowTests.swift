import CKernels
import Glibc
import TestSupport
import Testing

@Suite struct AttendRowTests {
  @Test(
    "attention of one query is the weighted mean in f64", arguments: [1, 8, 20, 64, 80, 128], [1, 5, 70])
  func oracle(dimension: Int, count: Int) throws {
    let stride = 3 * dimension
    let query = try RandomModel.normals([dimension], seed: 1).floats()
    let keys = try RandomModel.normals([count, stride], seed: 2).floats()
    let values = try RandomModel.normals([count, stride], seed: 3).floats()
    var scores = [Float](repeating: 0, count: count)
    var found = [Float](repeating: .nan, count: dimension)
    attend_row(query, keys, values, stride, dimension, count, 0.3, &scores, &found)
    let weights = (0..<count).map { s in
      exp(0.3 * (0..<dimension).reduce(0.0) { $0 + Double(query[$1]) * Double(keys[s * stride + $1]) })
    }
    let sum = weights.reduce(0, +)
    for i in 0..<dimension {
      let expected = (0..<count).reduce(0.0) { $0 + weights[$1] / sum * Double(values[$1 * stride + i]) }
      #expect(abs(Double(found[i]) - expected) < 2e-5)
    }
  }
}
