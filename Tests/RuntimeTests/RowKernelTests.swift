import CKernels
import Foundation
import TestSupport
import Testing

@Suite struct RowKernelTests {
  @Test("exp errs by less than one unit in the last place")
  func exponential() {
    let inputs = (0..<60_000).map { Float($0) / 60_000 * 192 - 103.5 } + Numbers.normals(20_000, seed: 1)
    var outputs = [Float](repeating: 0, count: inputs.count)
    row_exp(inputs, &outputs, inputs.count)
    var worst = 0.0
    for (x, y) in zip(inputs, outputs) {
      let exact = exp(Double(x))
      guard exact < Double(Float.greatestFiniteMagnitude) else { continue }
      let unit = max(Double(Float(exact).ulp), Double(Float.leastNonzeroMagnitude))
      worst = max(worst, abs(Double(y) - exact) / unit)
    }
    #expect(worst < 1)
  }

  @Test("exp maps the ends of the line as it should")
  func exponentialLimits() {
    let inputs: [Float] = [0, .infinity, -.infinity, 89, -120, .nan, -0.0]
    var outputs = [Float](repeating: 7, count: inputs.count)
    row_exp(inputs, &outputs, inputs.count)
    #expect(Array(outputs[..<5]) == [1, .infinity, 0, .infinity, 0])
    #expect(outputs[5].isNaN)
    #expect(outputs[6] == 1)
  }

  @Test("softmax of a range agrees with f64 and is zero outside", arguments: [1, 15, 16, 17, 100, 1000])
  func softmax(length: Int) {
    let scores = Numbers.normals(length + 5, seed: 2, deviation: 20)
    var result = scores
    row_softmax(&result, 0.25, 2, length + 2, scores.count)
    let seen = scores[2..<length + 2].map { 0.25 * Double($0) }
    let top = seen.max() ?? 0
    let sum = seen.reduce(0) { $0 + exp($1 - top) }
    let expected = [0, 0] + seen.map { exp($0 - top) / sum } + [0, 0, 0]
    #expect(Numbers.distance(result, expected) < 5e-6)
    #expect(result[..<2].allSatisfy { $0 == 0 } && result[(length + 2)...].allSatisfy { $0 == 0 })
  }

  @Test("log-sum-exp, largest index and divergence agree with f64", arguments: [1, 17, 1023, 1024, 5000])
  func distributions(length: Int) {
    let p = Numbers.normals(length, seed: 3, deviation: 4)
    let q = Numbers.normals(length, seed: 4, deviation: 4)
    func logSum(_ x: [Float]) -> Double { log(x.reduce(0) { $0 + exp(Double($1)) }) }
    let (sumP, sumQ) = (row_log_sum_exp(p, length), row_log_sum_exp(q, length))
    #expect(abs(sumP - logSum(p)) < 2e-6)
    #expect(row_argmax(p, length) == p.firstIndex(of: p.max() ?? 0))
    let expected = zip(p, q).reduce(0) { total, pair in
      let (a, b) = (Double(pair.0) - logSum(p), Double(pair.1) - logSum(q))
      return total + exp(a) * (a - b)
    }
    #expect(abs(row_divergence(p, sumP, q, sumQ, length) - expected) < 1e-6 * (1 + expected))
    #expect(row_divergence(p, sumP, p, sumP, length) == 0)
  }

  @Test("a NaN goes through every kernel")
  func notANumber() {
    for place in [0, 3, 40] {
      var row = Numbers.normals(50, seed: 5)
      row[place] = .nan
      #expect(row_log_sum_exp(row, 50).isNaN)
      var normed = row
      #expect(row_rms_norm(row, row, 1e-6, &normed, 50).isNaN)
      row_softmax(&row, 1, 0, 50, 50)
      #expect(row.filter(\.isNaN).count == 50)
    }
  }

  @Test("results do not depend on alignment")
  func alignment() {
    let source = Numbers.normals(211, seed: 6)
    let buffer = UnsafeMutablePointer<Float>.allocate(capacity: 240)
    defer { buffer.deallocate() }
    var results: Set<[Float]> = []
    var sums: Set<Double> = []
    for offset in 0..<17 {
      (buffer + offset).update(from: source, count: 211)
      sums.insert(row_log_sum_exp(buffer + offset, 211))
      row_softmax(buffer + offset, 0.7, 1, 210, 211)
      results.insert(Array(UnsafeBufferPointer(start: buffer + offset, count: 211)))
    }
    #expect(results.count == 1 && sums.count == 1)
  }
}
