import Calibration
import Graph
import LinearAlgebra
import ModelIO
import Runtime
import Tensors
import Training

/// One training step of every diagonal and bias of a model whose block layers are written as U diag Vt in full rank:
/// forwards, backwards, with the cross entropy alone and with the divergence from the model as it was.
///
/// `examples/training-step.py` is the same step in PyTorch: same tokens, same losses, same gradients.
struct TrainingBenchmark {
  let arguments: BenchmarkArguments

  init(_ arguments: BenchmarkArguments) { self.arguments = arguments }

  func run() throws -> JSON {
    guard let path = arguments.model else { throw BenchmarkError.usage("training-step needs --model DIR") }
    let model = try Checkpoint(directory: path).model
    let (batch, context) = (4, 512)
    let tokens = Self.tokens(batch * context, vocabulary: model.configuration.vocabularySize)
    let text = try CalibrationSet(tokens: tokens, samples: batch, context: context, seed: 0)
    let scratch = try ScratchFile(directory: arguments.directory)
    let source = try TrainingSource(
      entering: model, text: text,
      settings: CalibrationSettings(seed: 0, workers: arguments.workers, scratch: scratch))
    let session = TrainingSession(source, current: model)
    var targets: [FactorTarget] = []
    for node in model.nodes where node.block != nil {
      try session.setTrial(node, Self.factored(model.linears[node.index], arguments.workers))
      targets.append(FactorTarget(node: node.index, place: FactorPlace(term: 0, factor: 1)))
      targets.append(FactorTarget(node: node.index, place: nil))
    }
    var results: [JSON] = []
    for (name, weight) in [("cross entropy", 0.0), ("cross entropy and divergence", 1.0)] {
      let request = LossRequest(
        batches: Array(0..<batch), nextTokenWeight: 1, divergenceWeight: weight)
      let (value, gradients) = try session.loss(request, gradients: targets)
      let norm = gradients.reduce(0) { $0 + $1.frobeniusNormSquared }.squareRoot()
      let time = try Stopwatch.median(of: arguments.repetitions) {
        _ = try session.loss(request, gradients: targets)
      }
      Benchmarks.note("\(name): \(time.wall) s")
      results.append([
        "loss": .string(name), "wall_seconds": .number(time.wall),
        "processor_seconds": .number(time.processor),
        "next_token": .number(value.nextToken), "divergence": .number(value.divergence),
        "gradient_norm": .number(norm),
      ])
    }
    return .array(results)
  }

  /// Numbers that look random and need no generator.
  private static func tokens(_ count: Int, vocabulary: Int) -> [Int32] {
    (0..<count).map { Int32((((UInt64($0 + 1) &* 2_654_435_761) % 4_294_967_296) >> 8) % UInt64(vocabulary)) }
  }

  private static func factored(_ linear: Linear, _ workers: Workers) throws -> Linear {
    let weight = try Matrix<Float>(DenseProduct.weight(of: linear, workers: workers))
    let parts = try svd(weight, workers: workers)
    let zeros = Tensor([linear.outFeatures], [Float](repeating: 0, count: linear.outFeatures))
    let diagonal = Tensor([parts.values.count], parts.values)
    return try Linear(
      outFeatures: linear.outFeatures, inFeatures: linear.inFeatures,
      terms: [[.dense(parts.vt.tensor()), .diagonal(diagonal), .dense(parts.u.tensor())]],
      bias: linear.bias ?? zeros)
  }
}
