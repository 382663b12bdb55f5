import AdaSVDStrategy
import CLathe
import FakeHost
import PluginKit
import SVDLLMv2Strategy

/// Small models for the strategy.
enum Models {
  static let module = PluginModule(
    vendor: "tests", license: "none", strategies: [AdaSVD.self, SVDLLMv2.self])

  /// Numbers that float32 holds exactly.
  static func weight(_ rows: Int, _ columns: Int, _ seed: UInt64) -> Matrix {
    Matrix(rows, columns, Matrix.random(rows, columns, seed: seed).values.map { Double(Float($0)) })
  }

  /// Inputs `[n, tokens]` of falling variance, and the same after a disturbance.
  static func inputs(_ n: Int, tokens: Int, shift: Double, _ seed: UInt64) -> (
    original: Matrix, shifted: Matrix
  ) {
    let mixed = Matrix.random(n, n, seed: seed + 100) * Matrix.random(n, tokens, seed: seed)
    var factor = 1.0
    var x = mixed
    for i in 0..<n {
      for t in 0..<tokens { x[i, t] *= factor }
      factor *= 0.85
    }
    let map = Matrix.random(n, n, seed: seed + 200)
    let disturbed = x + Matrix(n, tokens, (map * x).values.map { $0 * shift / Double(n).squareRoot() })
    return (x, disturbed)
  }

  /// q [12, 12], k and v [4, 12], o [12, 12], gate and up [20, 12], down [12, 20] in every block; `importance` by block.
  static func decoder(importance: [Double], shift: Double = 0.4) -> FakeHost {
    let shapes: [(String, Int, Int, Int)] = [
      ("q", LATHE_ROLE_QUERY, 12, 12), ("k", LATHE_ROLE_KEY, 4, 12), ("v", LATHE_ROLE_VALUE, 4, 12),
      ("o", LATHE_ROLE_ATTENTION_OUT, 12, 12), ("gate", LATHE_ROLE_GATE, 20, 12),
      ("up", LATHE_ROLE_UP, 20, 12), ("down", LATHE_ROLE_DOWN, 12, 20),
    ]
    let sites = ["q": 0, "k": 0, "v": 0, "o": 1, "gate": 2, "up": 2, "down": 3]
    var nodes: [FakeNode] = []
    for (block, value) in importance.enumerated() {
      for (place, (name, role, rows, columns)) in shapes.enumerated() {
        let site = block * 4 + (sites[name] ?? 0)
        let (x, y) = inputs(columns, tokens: 40, shift: shift, UInt64(site + 1))
        var node = FakeNode(
          "\(block).\(name)", role: Int32(role), block: Int32(block), group: UInt32(site),
          weight: weight(rows, columns, UInt64(block * 10 + place + 1)), gram: x * x.transposed)
        (node.shiftedGram, node.crossGram) = (y * y.transposed, x * y.transposed)
        node.similarity = value
        nodes.append(node)
      }
    }
    return FakeHost(nodes)
  }

  /// One linear.
  static func single(_ weight: Matrix, _ x: Matrix, _ y: Matrix) -> FakeHost {
    var node = FakeNode("w", role: 1, block: 0, group: 0, weight: weight, gram: x * x.transposed)
    (node.shiftedGram, node.crossGram) = (y * y.transposed, x * y.transposed)
    return FakeHost([node])
  }

  /// Runs all phases with a byte target; strategy 0 is `adasvd`, 1 `svdllm-v2`.
  static func run(
    _ host: FakeHost, keep: Double, _ parameters: [String: String] = [:], strategy: Int = 0
  ) throws {
    host.target = UInt64(keep * Double(host.selectedBytes))
    host.parameters = parameters
    try FakeRun(module.table, strategy: strategy, on: host).all()
  }
}
