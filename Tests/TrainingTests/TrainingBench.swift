import Calibration
import Graph
import LinearAlgebra
import ModelIO
import Runtime
import Tensors
import TestSupport

@testable import Training

/// A small model, text and session for tests.
struct TrainingBench {
  var model: Model
  let text: CalibrationSet
  var threads = 1
  var traceLimit = TraceStore.memoryLimit

  init(_ model: Model, windows: Int = 3, context: Int = 11) throws {
    self.model = model
    let vocabulary = model.configuration.vocabularySize
    text = try CalibrationSet(
      tokens: RandomModel.tokens(context * (windows + 2), vocabularySize: vocabulary, seed: 5),
      samples: windows, context: context, seed: 3, heldOut: 2)
  }

  /// One text whose calibration windows are `sequences`, in order.
  init(_ model: Model, sequences: [[Int32]]) throws {
    self.model = model
    text = try CalibrationSet(
      tokens: sequences.flatMap { $0 }, samples: sequences.count, context: sequences[0].count, seed: 0)
  }

  func source(isCancelled: @escaping @Sendable () -> Bool = { false }) throws -> TrainingSource {
    let folder = TestFolder()
    return try TrainingSource(
      entering: model, text: text,
      settings: CalibrationSettings(
        seed: 1, workers: Workers(threads: threads), scratch: ScratchFile(directory: folder.path),
        isCancelled: isCancelled))
  }

  func session(current: Model? = nil) throws -> TrainingSession {
    TrainingSession(try source(), current: current ?? model, traceLimit: traceLimit)
  }

  /// Every factor and bias of every node as `session` has them.
  static func targets(_ model: Model) -> [FactorTarget] {
    model.nodes.flatMap { node -> [FactorTarget] in
      let linear = model.linears[node.index]
      var targets: [FactorTarget] = []
      for (t, term) in linear.terms.enumerated() {
        for f in term.indices {
          targets.append(FactorTarget(node: node.index, place: FactorPlace(term: t, factor: f)))
        }
      }
      if linear.bias != nil { targets.append(FactorTarget(node: node.index, place: nil)) }
      return targets
    }
  }

  /// `|a - b| / |b|` over all numbers.
  static func relativeError(_ a: [Float], _ b: [Float]) -> Double {
    guard a.count == b.count, !b.isEmpty else { return .infinity }
    var (gap, size) = (0.0, 0.0)
    for (x, y) in zip(a, b) {
      gap += (Double(x) - Double(y)) * (Double(x) - Double(y))
      size += Double(y) * Double(y)
    }
    return size > 0 ? (gap / size).squareRoot() : (gap > 0 ? .infinity : 0)
  }
}
