import CLathe
import FakeHost
import PluginKit
import QuantizeStrategy

/// One linear on the fake host, and runs of the strategy over it.
struct Bench {
  static let module = PluginModule(vendor: "tests", license: "none", strategies: [Quantize.self])
  let weight: Matrix
  let gram: Matrix

  /// Inputs whose features have very different sizes and depend on each other.
  init(rows: Int, columns: Int, seed: UInt64 = 1, tokens: Int? = nil) {
    weight = Self.stored(.random(rows, columns, seed: seed))
    let mixed = Matrix.random(columns, tokens ?? 2 * columns, seed: seed + 1)
    let x = Matrix(columns, mixed.columns) { i, t in
      Double(1 + i % 7) * (mixed[i, t] + 0.8 * mixed[(i + 1) % columns, t] + mixed[0, t])
    }
    gram = x * x.transposed
  }

  init(_ weight: Matrix, _ gram: Matrix) {
    self.weight = Self.stored(weight)
    self.gram = gram
  }

  /// As the host holds it.
  static func stored(_ matrix: Matrix) -> Matrix {
    Matrix(matrix.rows, matrix.columns, matrix.values.map { Double(Float($0)) })
  }

  func host(_ form: FakeForm? = nil) -> FakeHost {
    var node = FakeNode("w", role: 1, block: 0, group: 0, weight: weight, gram: gram)
    if let form { node.form = form }
    return FakeHost([node])
  }

  /// The form and the host after a run.
  func run(_ parameters: [String: String], _ form: FakeForm? = nil) throws -> (form: FakeForm, host: FakeHost)
  {
    let host = host(form)
    host.parameters = parameters
    try FakeRun(Self.module.table, on: host).all()
    return (host.nodes[0].form, host)
  }

  /// `||(W - W') X||`.
  func error(_ form: FakeForm) -> Double { Self.norm(weight - form.matrix, gram) }

  static func norm(_ e: Matrix, _ gram: Matrix) -> Double {
    let product = e * gram
    return zip(product.values, e.values).reduce(0) { $0 + $1.0 * $1.1 }.squareRoot()
  }
}

/// GPTQ as published, one column after the other, in f64: the inverse of the damped Gram matrix, its upper Cholesky
/// factor, and after each column an update of all columns behind it.
func columnByColumn(
  _ weight: Matrix, _ gram: Matrix, bits: Int, groupSize: Int, byActivation: Bool, damping: Double = 0.01,
  symmetric: Bool = false
) -> Matrix? {
  let (m, n) = (weight.rows, weight.columns)
  let mean = (0..<n).reduce(0) { $0 + gram[$1, $1] } / Double(n)
  let order = byActivation ? (0..<n).sorted { gram[$0, $0] > gram[$1, $1] } : Array(0..<n)
  let damped = Matrix(n, n) { gram[order[$0], order[$1]] + ($0 == $1 ? damping * mean : 0) }
  guard let l = damped.cholesky() else { return nil }
  let half = l.solvedLower(.identity(n), transpose: false)
  guard let u = (half.transposed * half).cholesky()?.transposed else { return nil }
  let quantizer = GroupQuantizer(bits: bits, isSymmetric: symmetric, scaleType: .float32)
  let width = groupSize == 0 ? n : groupSize
  var work = Matrix(m, n) { weight[$0, order[$1]] }
  var result = Matrix(m, n) { _, _ in 0 }
  func grid(_ row: Int, _ columns: Range<Int>, of matrix: Matrix) -> (scale: Float, zero: UInt8) {
    let elements = columns.map { Float(matrix[row, $0]) }
    return quantizer.grid(low: elements.min() ?? 0, high: elements.max() ?? 0)
  }
  var grids: [(scale: Float, zero: UInt8)] = []
  for k in 0..<n {
    let group = order[k] / width * width..<min(n, (order[k] / width + 1) * width)
    if byActivation {
      grids = (0..<m).map { grid($0, group, of: weight) }
    } else if k % width == 0 {
      grids = (0..<m).map { grid($0, group, of: work) }
    }
    for i in 0..<m {
      let (scale, zero) = (Double(grids[i].scale), Double(grids[i].zero))
      let code = min(max((work[i, k] / scale).rounded(.toNearestOrEven) + zero, 0), Double(1 << bits - 1))
      let q = scale * (code - zero)
      result[i, order[k]] = q
      let error = (work[i, k] - q) / u[k, k]
      for j in k..<n { work[i, j] -= error * u[k, j] }
    }
  }
  return result
}
