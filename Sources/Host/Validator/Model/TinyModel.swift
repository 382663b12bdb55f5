import CLathe
import LinearAlgebra
import Tensors

/// A linear of a tiny model.
struct TinyNode: Sendable {
  let name: String
  let role: Int32
  /// -1 outside the blocks.
  let block: Int
  let inputGroup: UInt32
  let inFeatures: Int
  let outFeatures: Int
  var type: ElementType
  var isSelected = true
  var form: TinyForm
  var bias: [Double]?
  /// The weight that earlier stages were given, which losses are measured from; nil where there were none.
  var original: Matrix<Double>?
  /// The inputs of all tokens, [tokens, in]: every statistic is made from them.
  var inputs: Matrix<Double>
}

/// A model that is nothing but linears with the inputs they see: two blocks, seeded.
struct TinyModel: Sendable {
  var nodes: [TinyNode]
  let blockCount: Int
  let hiddenSize: Int
  let vocabularySize = 32

  var byteCount: Int { nodes.reduce(0) { $0 + $1.form.byteCount } }

  /// Bytes of the nodes that may be replaced.
  var selectedBytes: Int { nodes.filter(\.isSelected).reduce(0) { $0 + $1.form.byteCount } }

  /// What distinguishes the tiny models.
  enum Kind: String, Sendable, CaseIterable {
    /// Grouped queries, f32, one layer left out by the recipe.
    case plain
    /// Prime sizes: 13 and 29.
    case odd
    /// A language-model head that may be replaced.
    case head
    case bf16, f16
    /// As plain, in this form whatever the form of the others.
    case dense, factored, quantized, codebook
    /// Fewer tokens than features.
    case fewTokens
    /// One site's inputs are all zero.
    case zeroInputs
    /// One layer's weights are all zero.
    case zeroWeights
    case huge, tiny
    /// Nothing selected in the first block.
    case emptyBlock

    /// The form that belongs to the kind; nil where each will do.
    var form: Form? { Form(rawValue: rawValue) }
  }

  /// How the layers are stored.
  enum Form: String, Sendable, CaseIterable {
    case dense
    /// A product of two factors.
    case factored
    /// Group-quantised to 4 bits.
    case quantized
    /// 2-bit codes into a table.
    case codebook
  }

  /// The layers are stored in `form` where the kind has none of its own.
  init(_ kind: Kind, form: Form = .dense, seed: UInt64) {
    let isOdd = kind == .odd
    let (d, f, kv) = isOdd ? (13, 29, 5) : (16, 24, 8)
    let tokens = kind == .fewTokens ? 6 : 64
    let random = CounterRandom(seed: seed, stream: 17)
    hiddenSize = d
    blockCount = 2
    nodes = []
    var counter: UInt64 = 0
    func normals(_ rows: Int, _ columns: Int, _ scale: (Int, Int) -> Double) -> Matrix<Double> {
      Matrix(rows: rows, columns: columns) { i, j in
        counter += 1
        return Double(random.normal(at: counter)) * scale(i, j)
      }
    }
    let type: ElementType = kind == .bf16 ? .bf16 : kind == .f16 ? .f16 : .f32
    let weightScale = kind == .huge ? 1e5 : kind == .tiny ? 1e-7 : 1
    let inputScale = kind == .huge ? 1e4 : kind == .tiny ? 1e-4 : 1
    func add(_ name: String, _ role: Int, _ block: Int, _ out: Int, _ inputs: Matrix<Double>, _ site: Int) {
      let n = inputs.columns
      let weight = normals(out, n) { _, _ in weightScale / Double(n).squareRoot() }
      nodes.append(
        TinyNode(
          name: name, role: Int32(role), block: block,
          inputGroup: UInt32(block < 0 ? 0 : 1 + block * 4 + site),
          inFeatures: n, outFeatures: out, type: type, form: [[TinyFactor(dense: weight, type: type)]],
          bias: role == LATHE_ROLE_QUERY ? normals(1, out) { _, _ in 0.1 }.numbers.map(type.rounding) : nil,
          inputs: inputs))
    }
    // A spectrum that falls, as activations have it.
    func inputs(_ width: Int) -> Matrix<Double> {
      normals(tokens, width) { _, j in inputScale / (1 + 0.3 * Double(j)) }
    }
    for block in 0..<2 {
      let prefix = "model.layers.\(block)"
      let attention = inputs(d)
      add("\(prefix).self_attn.q_proj", LATHE_ROLE_QUERY, block, d, attention, 0)
      add("\(prefix).self_attn.k_proj", LATHE_ROLE_KEY, block, kv, attention, 0)
      add("\(prefix).self_attn.v_proj", LATHE_ROLE_VALUE, block, kv, attention, 0)
      add("\(prefix).self_attn.o_proj", LATHE_ROLE_ATTENTION_OUT, block, d, inputs(d), 1)
      let mlp = inputs(d)
      add("\(prefix).mlp.gate_proj", LATHE_ROLE_GATE, block, f, mlp, 2)
      add("\(prefix).mlp.up_proj", LATHE_ROLE_UP, block, f, mlp, 2)
      add("\(prefix).mlp.down_proj", LATHE_ROLE_DOWN, block, d, inputs(f), 3)
    }
    if kind == .head { add("lm_head", LATHE_ROLE_LM_HEAD, -1, vocabularySize, inputs(d), 0) }
    nodes[3].isSelected = false
    vary(kind)
    store(in: kind.form ?? form)
  }

  private mutating func vary(_ kind: Kind) {
    for index in nodes.indices {
      guard let weight = nodes[index].form.matrix else { continue }
      let node = nodes[index]
      switch kind {
      case .zeroInputs where node.block == 0 && node.inputGroup == 3:
        nodes[index].inputs = node.inputs.scaled(by: 0)
      case .zeroWeights where index == 4:
        nodes[index].form = [[TinyFactor(dense: weight.scaled(by: 0), type: node.type)]]
      case .emptyBlock where node.block == 0: nodes[index].isSelected = false
      default: break
      }
    }
  }

  private mutating func store(in form: Form) {
    for index in nodes.indices {
      guard let weight = nodes[index].form.matrix else { continue }
      let node = nodes[index]
      if form != .dense { nodes[index].original = weight }
      switch form {
      case .dense: break
      case .factored:
        // No factor has the shape of the layer, and the product is the layer from here on.
        let k = min(node.inFeatures, node.outFeatures) - 2
        let numbers = weight.numbers
        let left = Matrix<Double>(rows: node.outFeatures, columns: k) { i, j in
          numbers[i * weight.columns + j]
        }
        let right = Matrix<Double>(rows: k, columns: node.inFeatures) { i, j in
          i == j ? 1 : 0.1 * Double((3 * i + 5 * j) % 7 - 3)
        }
        nodes[index].form = [
          [TinyFactor(dense: right, type: node.type), TinyFactor(dense: left, type: node.type)]
        ]
      case .quantized:
        nodes[index].form = [[TinyFactor.quantized(weight, bits: 4, groupSize: 8, type: node.type)]]
      case .codebook: nodes[index].form = [[TinyFactor.lookedUp(weight, groupSize: 8, type: node.type)]]
      }
    }
  }
}
