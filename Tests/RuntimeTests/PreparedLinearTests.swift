import Graph
import LinearAlgebra
import Runtime
import TestSupport
import Tensors
import Testing

@Suite struct PreparedLinearTests {
  static func tensor(_ shape: [Int], seed: UInt64, _ type: ElementType = .f32) throws -> Tensor {
    try RandomModel.normals(shape, seed: seed, deviation: 0.5).converted(to: type)
  }

  static func quantized(rows: Int, columns: Int) throws -> Factor {
    let scheme = QuantizationScheme(bits: 4, groupSize: 5, isSymmetric: false, scaleType: .f32)
    let groups = scheme.groupCount(columns: columns)
    let codes = (0..<rows * columns).map { UInt8($0 * 7 % 16) }
    let zeros = (0..<rows * groups).map { UInt8($0 * 3 % 16) }
    let scales = try tensor([rows, groups], seed: 77)
    return codes.withUnsafeBufferPointer { codes in
      zeros.withUnsafeBufferPointer { zeros in
        .quantized(
          QuantizedMatrix(
            rows: rows, columns: columns, scheme: scheme, codes: codes, scales: scales, zeroCodes: zeros))
      }
    }
  }

  /// Dense f64 matrix of a factor times x.
  static func apply(_ factor: Factor, _ x: [Double]) throws -> [Double] {
    let form = factor.form
    var dense = [Float](repeating: 0, count: form.rows * form.columns)
    try dense.withUnsafeMutableBufferPointer { buffer in
      if let base = buffer.baseAddress { try factor.copyFloats(to: base) }
    }
    return (0..<form.rows).map { row in
      (0..<form.columns).reduce(0) { $0 + Double(dense[row * form.columns + $1]) * x[$1] }
    }
  }

  static func check(_ linear: Linear, adding: Bool) throws {
    let prepared = try PreparedLinear(linear, name: "layer")
    let input = Numbers.matrix(4, linear.inFeatures, seed: 9)
    let before = Numbers.matrix(4, linear.outFeatures, seed: 10)
    var output = before
    try output.withMutableView { output in
      try input.withView { try prepared.forward($0, into: output, adding: adding) }
    }
    let bias = try linear.bias?.doubles() ?? Array(repeating: 0, count: linear.outFeatures)
    for row in 0..<4 {
      var expected = zip(before.row(row), bias).map { (adding ? Double($0) : 0) + $1 }
      for term in linear.terms {
        let y = try term.reduce(input.row(row).map(Double.init)) { try apply($1, $0) }
        expected = zip(expected, y).map { $0 + $1 }
      }
      #expect(Numbers.distance(output.row(row), expected) < 2e-5)
    }
  }

  @Test("a sum of chains of dense, diagonal and quantised factors agrees with f64", arguments: [false, true])
  func terms(adding: Bool) throws {
    let lowRank: [Factor] = [
      .dense(try Self.tensor([3, 12], seed: 1, .bf16)), .diagonal(try Self.tensor([3], seed: 2)),
      .dense(try Self.tensor([9, 3], seed: 3, .f16)),
    ]
    let quantised = [try Self.quantized(rows: 9, columns: 12)]
    let scaled: [Factor] = [
      .diagonal(try Self.tensor([12], seed: 4)), .dense(try Self.tensor([9, 12], seed: 5)),
      .diagonal(try Self.tensor([9], seed: 6)),
    ]
    for terms in [[lowRank], [quantised], [scaled], [quantised, lowRank, scaled]] {
      for bias in [nil, try Self.tensor([9], seed: 7)] {
        try Self.check(Linear(outFeatures: 9, inFeatures: 12, terms: terms, bias: bias), adding: adding)
      }
    }
    let diagonals: [[Factor]] = [[.diagonal(try Self.tensor([9], seed: 8))]]
    try Self.check(
      Linear(outFeatures: 9, inFeatures: 9, terms: diagonals + diagonals, bias: nil), adding: adding)
  }

  @Test("a value that is not finite is refused by the name of its tensor")
  func nonFinite() throws {
    let good = try Self.tensor([2, 2], seed: 1)
    let bad = Tensor([2, 2], [1, .nan, .infinity, 2])
    #expect(throws: RuntimeError.nonFinite(tensor: "layer.weight", count: 2)) {
      try PreparedLinear(Linear(weight: bad, bias: nil), name: "layer")
    }
    #expect(throws: RuntimeError.nonFinite(tensor: "layer.bias", count: 1)) {
      try PreparedLinear(Linear(weight: good, bias: Tensor([2], [1, .infinity])), name: "layer")
    }
    let chain = try Linear(
      outFeatures: 2, inFeatures: 2,
      terms: [[.dense(good)], [.diagonal(Tensor([2], [1, -.infinity])), .dense(good)]], bias: nil)
    #expect(throws: RuntimeError.nonFinite(tensor: "layer.1.0.diagonal", count: 1)) {
      try PreparedLinear(chain, name: "layer")
    }
  }
}
