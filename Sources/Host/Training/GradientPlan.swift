import Graph
import LinearAlgebra
import Runtime

/// What gradients are wanted, by block and role.
struct GradientPlan: Sendable {
  private(set) var blocks: [Int: [Role: LinearSelection]] = [:]
  private(set) var head = LinearSelection()
  let isEmpty: Bool

  init(_ targets: [FactorTarget], model: Model) {
    isEmpty = targets.isEmpty
    for target in targets {
      let node = model.nodes[target.node]
      func add(_ selection: inout LinearSelection) {
        if let place = target.place { selection.factors.insert(place) } else { selection.bias = true }
      }
      if let block = node.block {
        add(&blocks[block, default: [:]][node.role, default: LinearSelection()])
      } else {
        add(&head)
      }
    }
    lowestBlock = blocks.keys.min() ?? model.configuration.blockCount
  }

  /// The way back ends here; the number of blocks where only the head is asked for.
  let lowestBlock: Int

  /// Bytes of all gradients of one window.
  func byteCount(_ trials: TrialModel) -> Int {
    var bytes = LinearGradient.byteCount(head, ofNode: nil, trials)
    for (block, selections) in blocks {
      for node in trials.model.nodes(inBlock: block) {
        if let selection = selections[node.role] {
          bytes += LinearGradient.byteCount(selection, of: trials.form(node.index))
        }
      }
    }
    return bytes
  }
}

extension LinearGradient {
  fileprivate static func byteCount(_ selection: LinearSelection, ofNode: Int?, _ trials: TrialModel) -> Int {
    guard let node = trials.model.nodes.first(where: { $0.role == .languageModelHead }) else { return 0 }
    return byteCount(selection, of: trials.form(node.index))
  }
}

/// Sums over windows of the gradients that were asked for.
struct GradientSums {
  private let targets: [FactorTarget]
  private var sums: [FactorTarget: Matrix<Float>] = [:]

  init(_ targets: [FactorTarget]) { self.targets = targets }

  /// Adds what one window gives for the numbers of `node`.
  mutating func add(_ gradient: LinearGradient, node: Int) {
    for (place, matrix) in gradient.factors { add(matrix, FactorTarget(node: node, place: place)) }
    if let bias = gradient.bias { add(bias, FactorTarget(node: node, place: nil)) }
  }

  private mutating func add(_ matrix: Matrix<Float>, _ target: FactorTarget) {
    guard var sum = sums.removeValue(forKey: target) else {
      sums[target] = matrix
      return
    }
    sum.withUnsafeMutableBuffer { total in
      matrix.withUnsafeBuffer { own in
        for i in total.indices { total[i] += own[i] }
      }
    }
    sums[target] = sum
  }

  /// In the order of the targets, each times `share`; a target that is listed twice comes twice.
  func scaled(by share: Float) -> [Matrix<Float>] {
    targets.map { target in
      var matrix = sums[target] ?? Matrix(rows: 0, columns: 0)
      matrix.withUnsafeMutableBuffer { values in
        for i in values.indices { values[i] *= share }
      }
      return matrix
    }
  }
}
