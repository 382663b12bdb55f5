import Calibration
import Graph
import LinearAlgebra
import Runtime
import Synchronization
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite struct TrainingLawsTests {
  private static let both = LossRequest(
    batches: [2, 0, 1], nextTokenWeight: 0.5, divergenceWeight: 2)

  private func bench() throws -> (TrainingBench, Model) {
    let entering = try RandomModel.model(RandomModel.configuration())
    return (try TrainingBench(entering), try RandomModel.model(RandomModel.configuration(), seed: 2))
  }

  private func result(
    _ bench: TrainingBench, _ current: Model, _ request: LossRequest = both
  ) throws -> (TokenLoss.Value, [[Float]]) {
    let session = try bench.session(current: current)
    let (value, gradients) = try session.loss(request, gradients: TrainingBench.targets(current))
    return (value, gradients.map(\.elements))
  }

  @Test("one and two threads give the same bytes, and so does computing blocks again on the way back")
  func sameBytes() throws {
    var (bench, current) = try bench()
    let one = try result(bench, current)
    bench.threads = 2
    let two = try result(bench, current)
    #expect(one.0 == two.0 && one.1 == two.1)
    bench.traceLimit = 0
    let again = try result(bench, current)
    #expect(one.0 == again.0 && one.1 == again.1)
  }

  @Test("the memory of a step does not change the next one")
  func stepsAreIndependent() throws {
    let (bench, current) = try bench()
    let session = try bench.session(current: current)
    let targets = TrainingBench.targets(current)
    let first = try session.loss(Self.both, gradients: targets)
    _ = try session.loss(
      LossRequest(set: .heldOut, batches: [0], nextTokenWeight: 3), gradients: Array(targets.suffix(4)))
    let again = try session.loss(Self.both, gradients: targets)
    #expect(first.value == again.value && first.gradients == again.gradients)
  }

  @Test("the loss without gradients is the loss with them")
  func lossAlone() throws {
    let (bench, current) = try bench()
    let alone = try bench.session(current: current).loss(Self.both, gradients: []).value
    #expect(try result(bench, current).0 == alone)
  }

  @Test("over several windows loss and gradients are the means of the single ones")
  func means() throws {
    let (bench, current) = try bench()
    let together = try result(bench, current)
    var request = Self.both
    let single = try (0..<3).map { window in
      request.batches = [window]
      return try result(bench, current, request)
    }
    let mean = single.reduce(0) { $0 + $1.0.nextToken } / 3
    #expect(abs(together.0.nextToken - mean) < 1e-12)
    for (index, gradient) in together.1.enumerated() {
      let expected = gradient.indices.map { i in single.reduce(0) { $0 + $1.1[index][i] } / 3 }
      #expect(TrainingBench.relativeError(gradient, expected) < 1e-6)
    }
  }

  @Test("the divergence of the untouched model is zero, and so is every gradient of it")
  func untouched() throws {
    let (bench, _) = try bench()
    let request = LossRequest(batches: [0, 1, 2], nextTokenWeight: 0, divergenceWeight: 1)
    let (value, gradients) = try result(bench, bench.model, request)
    #expect(value.divergence == 0 && value.nextToken > 0)
    #expect(gradients.allSatisfy { $0.allSatisfy { $0 == 0 } })
  }

  @Test("values put into a trial give what a trial with those values gives, and a bias where there was none")
  func values() throws {
    let (bench, current) = try bench()
    let node = current.nodes[4]
    func form(_ diagonal: [Float], _ bias: [Float]) throws -> Linear {
      let weight = current.linears[node.index].terms[0][0]
      return try Linear(
        outFeatures: node.outFeatures, inFeatures: node.inFeatures,
        terms: [[.diagonal(Tensor([diagonal.count], diagonal)), weight]], bias: Tensor([bias.count], bias))
    }
    let ones = [Float](repeating: 1, count: node.inFeatures)
    let zeros = [Float](repeating: 0, count: node.outFeatures)
    let diagonal = try RandomModel.normals([node.inFeatures], seed: 8).floats()
    let bias = try RandomModel.normals([node.outFeatures], seed: 9).floats()
    let session = try bench.session(current: current)
    let before = try session.loss(Self.both, gradients: []).value
    try session.setTrial(node, form(ones, zeros))
    #expect(try abs(session.loss(Self.both, gradients: []).value.nextToken - before.nextToken) < 1e-5)
    let places = [
      FactorTarget(node: node.index, place: FactorPlace(term: 0, factor: 0)),
      FactorTarget(node: node.index, place: nil),
    ]
    try session.setValues([(places[0], diagonal), (places[1], bias)])
    let changed = try session.loss(Self.both, gradients: places)
    let direct = try bench.session(current: current)
    try direct.setTrial(node, form(diagonal, bias))
    let expected = try direct.loss(Self.both, gradients: places)
    #expect(changed.value == expected.value && changed.gradients == expected.gradients)
    // A refused list changes nothing.
    let refused = [(places[0], ones), (places[1], [Float](repeating: 0, count: 3))]
    #expect(throws: TrainingError.self) { try session.setValues(refused) }
    #expect(try session.loss(Self.both, gradients: []).value == changed.value)
    // Another session knows nothing of the trials.
    #expect(try bench.session(current: current).loss(Self.both, gradients: []).value == before)
  }

  @Test(
    "sampled targets follow from the seed, the window and the position, and from the model's distribution")
  func sampling() throws {
    let (bench, current) = try bench()
    var request = LossRequest(batches: [0], nextTokenWeight: 1, samplingSeed: 4)
    let first = try result(bench, current, request)
    #expect(try result(bench, current, request).1 == first.1)
    request.samplingSeed = 5
    #expect(try result(bench, current, request).1 != first.1)
    request.samplingSeed = nil
    let text = try result(bench, current, request).0.nextToken
    // The model's own tokens surprise it less than random ones: by its entropy and not more.
    var mean = 0.0
    for seed in 0..<20 as Range<UInt64> {
      request.samplingSeed = seed
      mean += try bench.session(current: current).loss(request, gradients: []).value.nextToken / 20
    }
    #expect(mean < text - 0.3)
  }

  @Test("what cannot be had is refused in a sentence")
  func refusals() throws {
    let (bench, current) = try bench()
    let session = try bench.session(current: current)
    func complaint(_ body: () throws -> Void) -> String {
      do {
        try body()
        return ""
      } catch { return "\(error)" }
    }
    var request = Self.both
    request.batches = [3]
    #expect(complaint { _ = try session.loss(request, gradients: []) }.contains("batch 3 does not exist"))
    request.batches = []
    #expect(complaint { _ = try session.loss(request, gradients: []) }.contains("at least one batch"))
    let bias = FactorTarget(node: 0, place: nil)
    #expect(complaint { _ = try session.loss(Self.both, gradients: [bias]) }.contains("has no bias"))
    let far = FactorTarget(node: 0, place: FactorPlace(term: 0, factor: 9))
    #expect(complaint { _ = try session.loss(Self.both, gradients: [far]) }.contains("no factor 0.9"))
    let own = FactorTarget(node: 0, place: FactorPlace(term: 0, factor: 0))
    #expect(complaint { try session.setValues([(own, [1])]) }.contains("no trial"))
    let huge = Tensor([32, 24], [Float](repeating: 1e38, count: 32 * 24))
    try session.setTrial(current.nodes[0], Linear(weight: huge, bias: nil))
    #expect(complaint { _ = try session.loss(Self.both, gradients: []) }.contains("is not finite"))
  }

  @Test("a step stops soon after it is cancelled")
  func cancellation() throws {
    let (bench, _) = try bench()
    let polls = Mutex(0)
    let source = try bench.source {
      polls.withLock {
        $0 += 1
        return $0 > 4
      }
    }
    let session = TrainingSession(source, current: bench.model)
    let error = #expect(throws: TrainingError.self) { _ = try session.loss(Self.both, gradients: []) }
    guard case .cancelled? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(polls.withLock { $0 } == 5)
  }
}
