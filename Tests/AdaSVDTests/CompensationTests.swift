import CLathe
import FakeHost
import PluginKit
import Testing

@Suite struct CompensationTests {
  /// Shapes m < n, m = n, m > n, grouped-query and tall.
  private static let shapes = [(6, 10), (9, 9), (14, 6), (3, 12), (12, 3)]

  private func compressed(
    _ w: Matrix, _ x: Matrix, _ y: Matrix, keep: Double = 0.6, _ parameters: [String: String]
  ) throws -> FakeHost {
    let host = Models.single(w, x, y)
    try Models.run(
      host, keep: keep, parameters.merging(["ridge": "0", "adaptive_ratio": "false"]) { given, _ in given })
    return host
  }

  private static func outputs(_ target: String, _ w: Matrix, _ x: Matrix, _ y: Matrix) -> Matrix {
    switch target {
    case "shifted": w * y
    case "original": w * x
    default: w * half(x + y)
    }
  }

  @Test(
    "tau = 0 without adaCR is svdllm-v2 with equal shares, number for number", arguments: [0.4, 0.6, 0.9])
  func tauZeroIsTheWhitenedTruncation(keep: Double) throws {
    for off in [["adaptive_compensation": "false"], ["update": "alternating", "iterations": "0"]] {
      let (ours, theirs) = (Models.decoder(importance: [3, 1]), Models.decoder(importance: [3, 1]))
      try Models.run(ours, keep: keep, off.merging(["adaptive_ratio": "false"]) { a, _ in a })
      try Models.run(theirs, keep: keep, ["allocation": "uniform"], strategy: 1)
      #expect(ours.nodes.map(\.form) == theirs.nodes.map(\.form))
    }
  }

  @Test("on unchanged inputs compensation changes nothing", arguments: ["shifted", "between", "original"])
  func unchangedInputs(target: String) throws {
    for (m, n) in Self.shapes {
      let (w, x) = (Models.weight(m, n, 1), Models.inputs(n, tokens: 50, shift: 0, 2).original)
      let plain = try compressed(w, x, x, ["adaptive_compensation": "false"]).nodes[0].form.matrix
      for update in [["update": "alternating", "iterations": "3"], ["update": "direct"]] {
        let host = try compressed(w, x, x, update.merging(["target": target]) { a, _ in a })
        #expect(((plain - host.nodes[0].form.matrix) * x).norm <= 1e-5 * (w * x).norm)
      }
    }
  }

  @Test("one iteration is the paper's U-step and V-step, written with Gram matrices", arguments: shapes)
  func oneIterationIsThePapers(m: Int, n: Int) throws {
    let w = Models.weight(m, n, 3)
    let (x, y) = Models.inputs(n, tokens: 60, shift: 0.5, 4)
    let inverse = (y * y.transposed).inverse
    let anchored = w * (x * y.transposed) * inverse
    for (target, map) in [("shifted", w), ("between", half(w + anchored)), ("original", anchored)] {
      let host = try compressed(w, x, y, ["update": "alternating", "iterations": "1", "target": target])
      let rank = try #require(host.ranks[0])
      let u = (w * x).singularValues().u
      let a0 = Matrix(m, rank) { u[$0, $1] }
      let b0 = a0.transposed * w
      let square = b0 * (y * y.transposed) * b0.transposed
      let outputs = Self.outputs(target, w, x, y)
      let a1 = outputs * (b0 * y).transposed * square.inverse
      let b1 = (a1.transposed * a1).inverse * (a1.transposed * map)
      #expect((a1 * b1 - host.nodes[0].form.matrix).norm <= 2e-5 * w.norm)

      // Each half-step, and the report.
      let losses = [a0 * b0, a1 * b0, a1 * b1].map { (outputs - $0 * y).norm }
      #expect(losses[1] <= losses[0] * (1 + 1e-12) && losses[2] <= losses[1] * (1 + 1e-12))
      // The report leaves out what no map of the shifted inputs reaches.
      let rest = (outputs - map * y).norm
      func relative(_ loss: Double) -> Double {
        (loss * loss - rest * rest).squareRoot() / (map * y).norm
      }
      let reported = try #require(host.series(0, "relative_error_by_iteration"))
      #expect(reported.count == 2)
      #expect(abs(reported[0] - relative(losses[0])) <= 1e-6)
      #expect(abs(reported[1] - relative(losses[2])) <= 1e-6)
    }
  }

  @Test(
    "more iterations never lose, and many are the direct solution, the best of its rank", arguments: shapes)
  func manyIterationsAreTheOptimum(m: Int, n: Int) throws {
    let w = Models.weight(m, n, 5)
    let (x, y) = Models.inputs(n, tokens: 60, shift: 0.5, 6)
    for target in ["shifted", "between", "original"] {
      let many = try compressed(
        w, x, y, ["update": "alternating", "iterations": "100", "target": target])
      let errors = try #require(many.series(0, "relative_error_by_iteration"))
      #expect(errors.count == 101)
      for (before, after) in zip(errors, errors.dropFirst()) { #expect(after <= before * (1 + 1e-9)) }
      let direct = try compressed(w, x, y, ["update": "direct", "target": target])
      let outputs = Self.outputs(target, w, x, y)
      let best = try #require(direct.metric(0, "relative_error"))
      #expect(best <= errors[100] * (1 + 1e-9))
      #expect(errors[100] <= best * 1.01)
      let map = outputs * y.transposed * (y * y.transposed).inverse
      let actual = (map * y - direct.nodes[0].form.matrix * y).norm / (map * y).norm
      #expect(abs(actual - best) <= 1e-5)
      // Eckart-Young: nothing of this rank beats the truncated SVD of the reachable outputs.
      let tail = (map * y).singularValues().s.dropFirst(try #require(direct.ranks[0]))
      let bound = tail.reduce(0) { $0 + $1 * $1 }.squareRoot() / (map * y).norm
      #expect(abs(best - bound) <= 1e-6)
    }
  }

  @Test("dead channels, too few tokens, zeros, huge and tiny inputs, rank 1: all finite", arguments: shapes)
  func anyInputIsFinite(m: Int, n: Int) throws {
    let w = Models.weight(m, n, 7)
    let (x, y) = Models.inputs(n, tokens: 40, shift: 0.5, 8)
    let dead = Matrix(n, 40) { $0 % 2 == 0 ? 0 : y[$0, $1] }
    let few = Models.inputs(n, tokens: 2, shift: 0.5, 9)
    let zero = Matrix(n, 40) { _, _ in 0 }
    func scaled(_ a: Matrix, _ c: Double) -> Matrix { Matrix(a.rows, a.columns, a.values.map { $0 * c }) }
    let cases = [
      (x, dead), (few.original, few.shifted), (zero, zero), (x, zero), (zero, y),
      (scaled(x, 1e100), scaled(y, 1e100)), (scaled(x, 1e-100), scaled(y, 1e-100)),
    ]
    for (x, y) in cases {
      for target in ["shifted", "between", "original"] {
        for update in ["alternating", "direct"] {
          for (ridge, keep) in [("0", 0.6), ("1e-8", 0.6), ("1e-8", 1.05 * Double(m + n) / Double(m * n))] {
            guard keep < 1 else { continue }
            let host = try compressed(
              w, x, y, keep: keep, ["target": target, "update": update, "ridge": ridge, "iterations": "3"])
            #expect(host.nodes[0].form.joined().allSatisfy { $0.values.allSatisfy(\.isFinite) })
            let errors = try #require(host.series(0, "relative_error_by_iteration"))
            #expect(errors.allSatisfy { $0.isFinite && $0 >= 0 })
            if keep < 0.6 { #expect(host.ranks[0] == 1) }
          }
        }
      }
    }
  }

  @Test("statistics that are not finite are refused with the linear's name")
  func brokenStatisticsAreRefused() {
    let broken = Matrix(8, 20) { _, _ in .nan }
    for parameters in [["update": "direct"], ["update": "alternating"]] {
      let host = Models.single(Models.weight(6, 8, 1), broken, broken)
      let refusal = #expect(throws: Refusal.self) { try Models.run(host, keep: 0.6, parameters) }
      #expect(refusal?.code == Int32(LATHE_ERR_NUMERICAL) && refusal?.message.contains("at w;") == true)
      #expect(host.aliveTensors == host.keptCount)
    }
  }
}

private func half(_ a: Matrix) -> Matrix { Matrix(a.rows, a.columns, a.values.map { $0 / 2 }) }

extension Matrix {
  /// Of a positive definite matrix, from its eigenpairs.
  fileprivate var inverse: Matrix {
    let (values, vectors) = eigenpairs()
    return vectors * Matrix(rows, rows) { vectors[$1, $0] / values[$0] }
  }
}
