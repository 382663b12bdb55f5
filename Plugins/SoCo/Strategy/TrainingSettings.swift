import PluginKit

/// How a run trains, for every strategy of this library.
struct TrainingSettings: Sendable {
  let steps: Int
  let batch: Int
  let interval: Int
  let patience: Int
  let map: SpectrumMap
  let trainsDeviation: Bool
  /// Of theta and of the bias.
  let spectrumRate: Double
  let deviationRate: Double
  /// Share of the divergence in the loss.
  let distill: Double
  /// Whether the divergence is from the model that entered the first stage, and not from the one that entered this.
  let fromOriginal: Bool
  let journalInterval: Int

  static var parameters: [ParameterDescriptor] {
    [
      .int("steps", in: 0...100_000, default: 300, "steps of training; 0 trains nothing"),
      .int("batch", in: 1...1024, default: 4, "windows of calibration text in a step"),
      .float(
        "distill", in: 0.0...1.0, default: 1,
        "share in the loss of the divergence from the model before; the rest is next-token cross entropy"),
      .bool("deviation", default: true, "train a bias of each layer, which the folder stores"),
      .choice(
        "map", of: SpectrumMap.allCases.map(\.rawValue), default: SpectrumMap.sigmoid.rawValue,
        "scales: sigmoid is 2 / (1 + exp(-theta)), between 0 and 2, clamp is max(theta, 0)"),
      .float("learning_rate", in: 0.0...10.0, default: 0.05, "of Adam, for the numbers behind the scales"),
      .float("deviation_rate", in: 0.0...10.0, default: 0.005, "of Adam, for the biases"),
      .int(
        "interval", in: 1...100_000, default: 15,
        "steps between two choices of components, and between two looks at the held-out windows later"),
      .int(
        "patience", in: 0...100_000, default: 0,
        "stop after this many looks at the held-out windows without a better one; 0 never stops early"),
      .int(
        "journal", in: 1...100_000, default: 25, "steps after which the state is kept against interruptions"
      )
      .advanced,
    ]
  }

  init(_ parameters: borrowing Parameters, fromOriginal: Bool) throws(StrategyError) {
    self.fromOriginal = fromOriginal
    steps = try parameters.int("steps")
    batch = try parameters.int("batch")
    interval = try parameters.int("interval")
    patience = try parameters.int("patience")
    map = try parameters.choice("map", as: SpectrumMap.self)
    trainsDeviation = try parameters.bool("deviation")
    spectrumRate = try parameters.double("learning_rate")
    deviationRate = try parameters.double("deviation_rate")
    distill = try parameters.double("distill")
    journalInterval = try parameters.int("journal")
  }

  var weights: LossWeights {
    LossWeights(nextToken: 1 - distill, divergence: distill, fromOriginal: fromOriginal)
  }

  func rate(of kind: LearnedVector.Kind) -> Double {
    switch kind {
    case .spectrum: spectrumRate
    case .bias: deviationRate
    }
  }

  /// What decides the result, for the journal.
  var fingerprint: [Double] {
    [
      Double(steps), Double(batch), Double(interval), Double(patience), map == .sigmoid ? 0 : 1,
      trainsDeviation ? 1 : 0, spectrumRate, deviationRate, distill,
    ]
  }
}
