import CLathe
import FakeHost
import PluginKit
import SoCoStrategy

/// Small models, and a training service whose loss is known exactly.
enum Models {
  static let module = PluginModule(
    vendor: "tests", license: "none", strategies: [SoCo.self, Recover.self])

  /// Numbers that float32 holds exactly.
  static func weight(_ rows: Int, _ columns: Int, _ seed: UInt64) -> Matrix {
    Matrix(rows, columns, Matrix.random(rows, columns, seed: seed).values.map { Double(Float($0)) })
  }

  /// Inputs `[n, tokens]` of falling variance by channel.
  static func inputs(_ n: Int, tokens: Int, decay: Double = 0.8, _ seed: UInt64) -> Matrix {
    var x = Matrix.random(n, n, seed: seed + 100) * Matrix.random(n, tokens, seed: seed)
    var factor = 1.0
    for i in 0..<n {
      for t in 0..<tokens { x[i, t] *= factor }
      factor *= decay
    }
    return x
  }

  /// Blocks with grouped-query attention: q and o [8, 8], k and v [4, 8], gate and up [12, 8], down [8, 12].
  static func decoder(blocks: Int = 2) -> FakeHost {
    let shapes: [(String, Int, Int, Int, Int)] = [
      ("q", LATHE_ROLE_QUERY, 8, 8, 0), ("k", LATHE_ROLE_KEY, 4, 8, 0), ("v", LATHE_ROLE_VALUE, 4, 8, 0),
      ("o", LATHE_ROLE_ATTENTION_OUT, 8, 8, 1), ("gate", LATHE_ROLE_GATE, 12, 8, 2),
      ("up", LATHE_ROLE_UP, 12, 8, 2), ("down", LATHE_ROLE_DOWN, 8, 12, 3),
    ]
    var nodes: [FakeNode] = []
    for block in 0..<blocks {
      for (place, (name, role, rows, columns, site)) in shapes.enumerated() {
        let x = inputs(columns, tokens: 30, UInt64(block * 4 + site + 1))
        nodes.append(
          FakeNode(
            "\(block).\(name)", role: Int32(role), block: Int32(block), group: UInt32(block * 4 + site),
            weight: weight(rows, columns, UInt64(block * 10 + place + 1)), gram: x * x.transposed))
      }
    }
    return host(nodes)
  }

  /// A host that trains these nodes towards what they are now, `offset` added to every output.
  static func host(_ nodes: [FakeNode], offset: Double = 0.1, heldOut: Int = 2) -> FakeHost {
    let host = FakeHost(nodes)
    let teacher = LayerwiseTeacher(nodes: nodes, offset: offset)
    host.training = FakeTraining(calibrationCount: 6, heldOutCount: heldOut) { teacher.answer($0) }
    return host
  }
}

/// `loss = sum over nodes of (tr((W' - g W) G (W' - g W)^T) / tokens + |b - offset|^2) / 2` with `g = 1.2`.
///
/// Without g the best scale of every component would be 1: their outputs are orthogonal, and only a loss that couples
/// layers moves it. So the teacher wants a little more than W.
///
/// Gradients are exact. Those of drawn targets are the root of their expected square, so that curvature is exact, too.
/// Windows differ by a factor near 1, so that their order can be told from the result.
struct LayerwiseTeacher: Sendable {
  let weights: [Matrix]
  let grams: [Matrix]
  let offset: Double

  init(nodes: [FakeNode], offset: Double) {
    weights = nodes.map { node in
      let weight = node.form.matrix
      return Matrix(weight.rows, weight.columns, weight.values.map { 1.2 * $0 })
    }
    grams = nodes.map { Matrix($0.gram.rows, $0.gram.columns, $0.gram.values.map { $0 / 30 }) }
    self.offset = offset
  }

  func loss(_ forms: [FakeForm], _ biases: [Int: [Double]]) -> Double {
    forms.indices.reduce(0) { sum, index in
      let error = forms[index].matrix - weights[index]
      let outside = (biases[index] ?? zeros(index)).reduce(0) { $0 + ($1 - offset) * ($1 - offset) }
      let inside = zip((error * grams[index]).values, error.values).reduce(0) { $0 + $1.0 * $1.1 }
      return sum + (inside + outside) / 2
    }
  }

  private func zeros(_ node: Int) -> [Double] { Array(repeating: 0, count: weights[node].rows) }

  func answer(_ call: FakeTrainingCall) -> FakeLoss {
    let scale = call.batches.reduce(0) { $0 + 1 + 0.05 * Double($1) } / Double(call.batches.count)
    let gradients = (call.references ?? []).map { reference in
      gradient(reference, call).map { $0 * scale }
    }
    return FakeLoss(
      nextToken: scale * loss(call.forms, call.biases), divergence: scale * loss(call.forms, call.biases),
      gradients: gradients)
  }

  private func gradient(_ reference: FakeReference, _ call: FakeTrainingCall) -> [Double] {
    let node = reference.node
    guard let factor = reference.factor else {
      return (call.biases[node] ?? zeros(node)).map { $0 - offset }
    }
    let form = call.forms[node]
    let term = form[reference.term]
    let input = term[..<factor].dropFirst().reduce(term[0].matrix) { $1.matrix * $0 }
    let output = term[(factor + 1)...].dropFirst().reduce(term[factor + 1].matrix) { $1.matrix * $0 }
    let pull = (form.matrix - weights[node]) * grams[node]
    return (0..<term[factor].rows).map { i in
      let row = Matrix(1, input.columns, (0..<input.columns).map { input[i, $0] })
      let column = Matrix(1, output.rows, (0..<output.rows).map { output[$0, i] })
      if call.sampledTargets {
        return (column.norm * column.norm * (row * grams[node] * row.transposed).values[0]).squareRoot()
      }
      return (column * pull * row.transposed).values[0]
    }
  }
}
