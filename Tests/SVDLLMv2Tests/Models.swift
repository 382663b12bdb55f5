import CLathe
import FakeHost
import PluginKit
import SVDLLMv2Strategy

/// Small models for the strategy.
enum Models {
  static let module = PluginModule(vendor: "tests", license: "none", strategies: [SVDLLMv2.self])

  /// Numbers that float32 holds exactly.
  static func weight(_ rows: Int, _ columns: Int, _ seed: UInt64) -> Matrix {
    Matrix(rows, columns, Matrix.random(rows, columns, seed: seed).values.map { Double(Float($0)) })
  }

  /// Inputs `[n, tokens]` of falling variance by channel.
  static func inputs(_ n: Int, tokens: Int, decay: Double = 0.8, scale: Double = 1, _ seed: UInt64) -> Matrix
  {
    var x = Matrix.random(n, n, seed: seed + 100) * Matrix.random(n, tokens, seed: seed)
    var factor = scale
    for i in 0..<n {
      for t in 0..<tokens { x[i, t] *= factor }
      factor *= decay
    }
    return x
  }

  /// Two blocks with grouped-query attention: q [12, 12], k and v [4, 12], o [12, 12], gate and up [20, 12], down
  /// [12, 20].
  static func decoder(blocks: Int = 2, scale: Double = 1) -> (host: FakeHost, inputs: [Matrix]) {
    let shapes: [(String, Int, Int, Int)] = [
      ("q", LATHE_ROLE_QUERY, 12, 12), ("k", LATHE_ROLE_KEY, 4, 12), ("v", LATHE_ROLE_VALUE, 4, 12),
      ("o", LATHE_ROLE_ATTENTION_OUT, 12, 12), ("gate", LATHE_ROLE_GATE, 20, 12),
      ("up", LATHE_ROLE_UP, 20, 12),
      ("down", LATHE_ROLE_DOWN, 12, 20),
    ]
    let sites = ["q": 0, "k": 0, "v": 0, "o": 1, "gate": 2, "up": 2, "down": 3]
    var nodes: [FakeNode] = []
    var inputs: [Matrix] = []
    for block in 0..<blocks {
      for (place, (name, role, rows, columns)) in shapes.enumerated() {
        let site = block * 4 + (sites[name] ?? 0)
        let x = Self.inputs(columns, tokens: 40, scale: scale * Double(1 + 3 * block), UInt64(site + 1))
        nodes.append(
          FakeNode(
            "\(block).\(name)", role: Int32(role), block: Int32(block), group: UInt32(site),
            weight: weight(rows, columns, UInt64(block * 10 + place + 1)), gram: x * x.transposed))
        inputs.append(x)
      }
    }
    return (FakeHost(nodes), inputs)
  }

  /// One linear.
  static func single(_ weight: Matrix, gram: Matrix) -> FakeHost {
    FakeHost([FakeNode("w", role: 1, block: 0, group: 0, weight: weight, gram: gram)])
  }
}
