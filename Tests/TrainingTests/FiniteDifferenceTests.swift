import Calibration
import Graph
import LinearAlgebra
import Runtime
import Tensors
import TestSupport
import Testing

@testable import Training

/// Gradients against central differences of the loss, in every kind of model and form.
@Suite struct FiniteDifferenceTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let change: @Sendable (inout DecoderConfiguration) -> Void
  }

  static let cases: [Case] = [
    Case(testDescription: "plain") { _ in },
    Case(testDescription: "q/k norms, window, biases") {
      $0.hasQueryKeyNorm = true
      $0.windows = [4, nil]
      $0.biasedRoles = [.query, .key, .value, .down]
    },
    Case(testDescription: "gelu") { $0.activation = .gelu },
    Case(testDescription: "gelu tanh, tied") {
      $0.activation = .geluTanh
      $0.isTied = true
    },
    Case(testDescription: "yarn scale") {
      $0.rotary = RotaryConfiguration(
        theta: 10000, dimensions: 8,
        scaling: .yarn(
          factor: 4, betaFast: 32, betaSlow: 1, originalPositions: 16, attentionFactor: 1.2,
          truncate: true))
    },
  ]

  /// Forms of every kind: dense, factored with a diagonal, two terms, quantised.
  static func model(_ change: Case) throws -> Model {
    var configuration = RandomModel.configuration()
    change.change(&configuration)
    var model = try RandomModel.model(configuration)
    for node in model.nodes where node.role != .languageModelHead && node.index % 3 != 0 {
      let old = model.linears[node.index]
      let (m, n) = (node.outFeatures, node.inFeatures)
      let seed = UInt64(node.index)
      let chain: [Factor] = [
        .dense(RandomModel.normals([5, n], seed: seed, stream: 91, deviation: 0.3)),
        .diagonal(RandomModel.normals([5], seed: seed, stream: 92)),
        .dense(RandomModel.normals([m, 5], seed: seed, stream: 93, deviation: 0.3)),
      ]
      let other: Factor =
        if node.index % 3 == 2, case .dense(let weight) = old.terms[0][0] {
          .dense(weight)
        } else {
          try Self.quantized(rows: m, columns: n, seed: seed)
        }
      let bias = RandomModel.normals([m], seed: seed, stream: 94, deviation: 0.1)
      try model.replace(
        node, with: Linear(outFeatures: m, inFeatures: n, terms: [chain, [other]], bias: bias))
    }
    return model
  }

  private static func quantized(rows: Int, columns: Int, seed: UInt64) throws -> Factor {
    let scheme = QuantizationScheme(bits: 4, groupSize: 8, isSymmetric: true, scaleType: .f32)
    let tokens = RandomModel.tokens(rows * columns, vocabularySize: 16, seed: seed)
    let codes = tokens.map { UInt8($0) }
    let groups = scheme.groupCount(columns: columns)
    let scales = RandomModel.normals([rows, groups], seed: seed, stream: 95, deviation: 0.01, mean: 0.05)
    return codes.withUnsafeBufferPointer {
      .quantized(
        QuantizedMatrix(
          rows: rows, columns: columns, scheme: scheme, codes: $0, scales: scales, zeroCodes: nil))
    }
  }

  /// The model with every layer written out in dense f32 factors, so that any of its numbers can be moved.
  private static func dense(_ model: Model) throws -> Model {
    var result = model
    for node in model.nodes {
      let old = model.linears[node.index]
      let terms = try old.terms.map { term in
        try term.map { factor -> Factor in
          guard case .quantized = factor else { return factor }
          let form = factor.form
          var values = [Float](repeating: 0, count: form.rows * form.columns)
          try values.withUnsafeMutableBufferPointer { buffer in
            if let base = buffer.baseAddress { try factor.copyFloats(to: base) }
          }
          return .dense(Tensor([form.rows, form.columns], values))
        }
      }
      try result.replace(
        node,
        with: Linear(
          outFeatures: node.outFeatures, inFeatures: node.inFeatures, terms: terms, bias: old.bias))
    }
    return result
  }

  @Test("every gradient is the slope of the loss along a random direction", arguments: cases)
  func slopes(change: Case) throws {
    let model = try Self.model(change)
    var entering = model
    for node in model.nodes {
      // The reference differs, so that the divergence has a slope.
      let linear = model.linears[node.index]
      try entering.replace(
        node,
        with: linear.mapTensors { tensor in
          guard tensor.elementType == .f32 else { return tensor }
          let values = tensor.withElements(as: Float.self) { Array($0) }
          let noise = RandomModel.normals(tensor.shape, seed: 77, stream: UInt64(node.index), deviation: 0.05)
          let added = noise.withElements(as: Float.self) { Array($0) }
          return Tensor(tensor.shape, zip(values, added).map { $0 + $1 })
        })
    }
    let bench = try TrainingBench(entering)
    let request = LossRequest(batches: [0, 1], nextTokenWeight: 0.7, divergenceWeight: 1.3)
    let targets = TrainingBench.targets(model)
    let (_, gradients) = try bench.session(current: model).loss(request, gradients: targets)
    let movable = try bench.session(current: Self.dense(model))
    for node in model.nodes { try movable.setTrial(node, Self.dense(model).linears[node.index]) }
    let whole = try Self.dense(model)
    for (target, gradient) in zip(targets, gradients) {
      let values = try Self.values(whole, target)
      let slope = gradient.elements
      let size = slope.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      #expect(size > 1e-6, "\(target)")
      guard size > 1e-6 else { continue }
      func loss(_ distance: Double) throws -> Double {
        let moved = zip(values, slope).map { Float(Double($0) + distance * Double($1) / size) }
        try movable.setValues([(target, moved)])
        let value = try movable.loss(request, gradients: []).value
        return 0.7 * value.nextToken + 1.3 * value.divergence
      }
      // Along the gradient itself the slope is its length. Two central differences cancel the third derivative;
      // what is left is the rounding of a loss near 5 in f32, over the step, and a fifth derivative.
      let step = 0.02 / max(size, 0.5)
      let (wide, narrow) = try (
        (loss(step) - loss(-step)) / (2 * step), (loss(step / 2) - loss(-step / 2)) / step
      )
      let found = (4 * narrow - wide) / 3
      try movable.setValues([(target, values)])
      #expect(abs(found - size) < 1e-3 * size + 4e-6 / step, "\(target): \(found), \(size)")
    }
  }

  private static func values(_ model: Model, _ target: FactorTarget) throws -> [Float] {
    let linear = model.linears[target.node]
    guard let place = target.place else { return try linear.bias?.floats() ?? [] }
    return try linear.terms[place.term][place.factor].tensors[0].floats()
  }
}
