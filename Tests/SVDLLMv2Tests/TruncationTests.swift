import CLathe
import FakeHost
import LowRank
import PluginKit
import Testing

@testable import SVDLLMv2Strategy

@Suite struct TruncationTests {
  /// Shapes m < n, m = n, m > n, grouped-query and tall.
  private static let shapes = [(6, 10), (9, 9), (14, 6), (3, 12), (12, 3)]

  private func compressed(
    _ weight: Matrix, _ gram: Matrix, keep: Double, _ parameters: [String: String] = ["ridge": "0"]
  ) throws -> FakeHost {
    let host = Models.single(weight, gram: gram)
    host.target = UInt64(keep * Double(host.selectedBytes))
    host.parameters = parameters
    try FakeRun(Models.module.table, on: host).all()
    return host
  }

  @Test("the loss is sqrt(tail) = ||(W - W')X||, and that of a float64 SVD of WX", arguments: shapes)
  func theLossIsExact(m: Int, n: Int) throws {
    let (w, x) = (Models.weight(m, n, 1), Models.inputs(n, tokens: 50, 2))
    for keep in [0.45, 0.6, 0.9] {
      let host = try compressed(w, x * x.transposed, keep: keep)
      let rank = try #require(host.ranks[0])
      let values = (w * x).singularValues().s
      let tail = values[rank...].reversed().reduce(0) { $0 + $1 * $1 }.squareRoot()
      let loss = try #require(host.metric(0, "loss"))
      let actual = ((w - host.nodes[0].form.matrix) * x).norm
      let whole = (w * x).norm
      #expect(abs(loss - tail) <= 1e-9 * whole)
      #expect(abs(actual - loss) <= 3e-6 * whole)
      #expect(host.metric(0, "rank") == Double(rank))
      let relative = try #require(host.metric(0, "relative_error"))
      #expect(abs(relative - tail / whole) <= 1e-9)
    }
  }

  @Test("the matrix is that of the paper's two decompositions", arguments: shapes)
  func theMatrixIsThePapers(m: Int, n: Int) throws {
    let (w, x) = (Models.weight(m, n, 3), Models.inputs(n, tokens: 50, decay: 0.9, 4))
    let gram = x * x.transposed
    let host = try compressed(w, gram, keep: 0.6)
    let rank = try #require(host.ranks[0])
    // Theorem 3.1: D = W U_s S_s^(1/2), W' = U_ws S_ws V_ws^T S_s^(-1/2) U_s^T at rank k.
    let (s, u) = gram.eigenpairs()
    let root = Matrix(n, n) { u[$0, $1] * s[$1].squareRoot() }
    let inverse = Matrix(n, n) { u[$1, $0] / s[$0].squareRoot() }
    let (a, sigma, v) = (w * root).singularValues()
    let truncated = Matrix(m, n) { i, j in (0..<rank).reduce(0) { $0 + a[i, $1] * sigma[$1] * v[j, $1] } }
    let paper = truncated * inverse
    #expect((host.nodes[0].form.matrix - paper).norm <= 3e-6 * paper.norm)
  }

  @Test("both splits give the same matrix; A of the orthonormal one has orthonormal columns")
  func bothSplitsAgree() throws {
    let (w, x) = (Models.weight(10, 14, 5), Models.inputs(14, tokens: 30, 6))
    let forms = try ["orthonormal", "balanced"].map { split in
      try compressed(w, x * x.transposed, keep: 0.7, ["split": split]).nodes[0].form
    }
    #expect((forms[0].matrix - forms[1].matrix).norm <= 3e-6 * w.norm)
    let a = forms[0][0][1].matrix
    #expect((a.transposed * a - .identity(a.columns)).norm <= 1e-5)
    let (balanced, b) = (forms[1][0][1].matrix, forms[1][0][0].matrix)
    // Halves, up to one power of two: column i of A and row i of B X have norms in one ratio for all i.
    let bx = b * x
    let ratios = (0..<balanced.columns).map { i in
      let left = (0..<10).reduce(0) { $0 + balanced[$1, i] * balanced[$1, i] }.squareRoot()
      let right = (0..<30).reduce(0) { $0 + bx[i, $1] * bx[i, $1] }.squareRoot()
      return left / right
    }
    #expect(ratios.allSatisfy { abs($0 / ratios[0] - 1) <= 1e-3 })
    #expect((0.24...1.01).contains(balanced.norm / b.norm))
  }

  @Test("a Gram matrix of low rank, of zeros, huge or tiny gives finite factors", arguments: shapes)
  func anyGramIsFinite(m: Int, n: Int) throws {
    let w = Models.weight(m, n, 7)
    let thin = Models.inputs(n, tokens: 2, 8)
    let full = Models.inputs(n, tokens: 40, 9)
    let low = thin * thin.transposed
    let grams: [(Matrix, Double)] = [
      (low, 1), (Matrix(n, n) { _, _ in 0 }, 0),
      (Matrix(n, n, (full * full.transposed).values.map { $0 * 1e200 }), 1e200),
      (Matrix(n, n, (full * full.transposed).values.map { $0 * 1e-200 }), 1e-200),
    ]
    for ridge in ["0", "1e-8"] {
      for (gram, scale) in grams {
        let host = try compressed(w, gram, keep: 0.6, ["ridge": ridge])
        let form = host.nodes[0].form
        #expect(form.joined().allSatisfy { $0.values.allSatisfy(\.isFinite) })
        let loss = try #require(host.metric(0, "loss"))
        #expect(loss.isFinite && loss >= 0)
        if gram == low {
          // Rank 2 inputs: two directions are enough, whatever the rank.
          #expect(((w - form.matrix) * thin).norm <= 1e-3 * (w * thin).norm || (host.ranks[0] ?? 0) < 2)
        }
        if scale == 0 {
          #expect(loss == 0)
          let values = w.singularValues().s
          let tail = values[(host.ranks[0] ?? 0)...].reduce(0) { $0 + $1 * $1 }.squareRoot()
          #expect(abs((w - form.matrix).norm - tail) <= 1e-5 * w.norm)
        }
      }
    }
  }

  @Test("scaling the inputs scales the loss and leaves the factors")
  func scalingLeavesTheFactors() throws {
    let (w, x) = (Models.weight(8, 12, 10), Models.inputs(12, tokens: 40, 11))
    let gram = x * x.transposed
    let one = try compressed(w, gram, keep: 0.6)
    let other = try compressed(w, Matrix(12, 12, gram.values.map { $0 * 0x1p40 }), keep: 0.6)
    #expect(one.nodes[0].form == other.nodes[0].form)
    #expect(other.metric(0, "loss") == (one.metric(0, "loss") ?? 0) * 0x1p20)
  }

  @Test("at full rank the product is the dense matrix", arguments: shapes)
  func fullRankIsDense(m: Int, n: Int) throws {
    let (w, x) = (Models.weight(m, n, 12), Models.inputs(n, tokens: 40, 13))
    let k = min(m, n)
    let host = Models.single(w, gram: x * x.transposed)
    let node = FullRank(k)
    host.parameters["rank"] = "\(k)"
    try FakeRun(FullRank.module.table, on: host).all()
    #expect(node.rank == k)
    #expect((host.nodes[0].form.matrix - w).norm <= 2e-6 * w.norm)
    #expect((host.metric(0, "loss") ?? 1) <= 1e-5 * (w * x).norm)
  }
}

/// The truncation alone at a given rank, which the strategy would not pay for.
private struct FullRank: CompressionStrategy {
  static let module = PluginModule(vendor: "tests", license: "none", strategies: [FullRank.self])
  static let descriptor = StrategyDescriptor(
    id: "test.full", name: "full", version: "1.0.0", summary: "truncation at one rank",
    requires: [.graph, .calibration, .linearAlgebra],
    parameters: [.int("rank", in: 1...100, default: 1, "the rank")])
  let rank: Int

  init(_ rank: Int) { self.rank = rank }
  init(_ parameters: borrowing Parameters) throws(StrategyError) { rank = try parameters.int("rank") }

  func compress(_ block: borrowing BlockEditor, _ allocation: Void) throws(StrategyError) {
    for node in try block.selected() {
      let gram = try block.statistic(.inputGram, of: node, as: Double.self).takeMatrix()
      let tall = node.outFeatures > node.inFeatures
      let input = try WhitenedInput(gram, ridge: 0, needsFactor: tall, block)
      let weight = try block.denseWeight(of: node)
      let basis = try input.basis(of: weight, rank: rank, block)
      let a = try block.converted(basis.vectors, to: Float.self)
      let b = try block.product(a, transposeA: true, weight)
      block.report("loss", basis.spectrum.loss(rank), about: node)
      try block.replace(node, with: LinearForm(terms: [[.dense(b), .dense(a)]]))
    }
  }
}
