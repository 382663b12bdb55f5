import Calibration

/// What statistics are called in listings.
enum StatisticNames {
  static func name(_ raw: Int32) -> String {
    guard let kind = StatisticKind(rawValue: raw) else { return "unknown (\(raw))" }
    switch kind {
    case .inputGram: return "input Gram"
    case .inputAbsoluteMean: return "mean absolute input"
    case .inputSample: return "input sample"
    case .outputGram: return "output Gram"
    case .blockSimilarity: return "block similarity"
    case .weightGradient: return "weight gradient"
    case .gradientSquared: return "squared gradient"
    case .inputCrossGram: return "input cross Gram"
    case .outputGradientGram: return "output gradient Gram"
    case .inputStackedGram: return "stacked input Gram"
    }
  }
}
