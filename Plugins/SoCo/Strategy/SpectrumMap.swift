import Glibc

/// How a free number theta becomes the scale S of a component, `W' = U (Sigma * S) V^T`.
///
/// The paper does not print its map. Both of these give S = 1 at the start, so the model is unchanged, and let S
/// exceed 1, which a plain sigmoid cannot.
public enum SpectrumMap: String, CaseIterable, Sendable {
  /// `S = 2 / (1 + exp(-theta))`, in (0, 2).
  case sigmoid
  /// `S = max(theta, 0)`.
  case clamp

  func scale(_ theta: Double) -> Double {
    switch self {
    case .sigmoid: 2 / (1 + exp(-theta))
    case .clamp: max(theta, 0)
    }
  }

  /// The theta with this scale; scales outside the map's range give its nearest end.
  func theta(of scale: Double) -> Double {
    switch self {
    case .sigmoid:
      let inside = min(max(scale, 1e-6), 2 - 1e-6)
      return log(inside / (2 - inside))
    case .clamp: return max(scale, 0)
    }
  }

  /// `d loss / d theta` from `d loss / d S`, times 2 for the clamp so that both maps move alike at S = 1 and one
  /// learning rate serves both. At `theta <= 0` of the clamp only a pull upwards counts.
  func pulledBack(_ gradient: Double, at theta: Double) -> Double {
    switch self {
    case .sigmoid:
      let scale = scale(theta)
      return gradient * scale * (2 - scale) / 2
    case .clamp: return theta > 0 || gradient < 0 ? gradient : 0
    }
  }

  /// What a step of Adam is multiplied by: `dS / dtheta` at the start is 1/2 for the sigmoid and 1 for the clamp.
  var stepScale: Double {
    switch self {
    case .sigmoid: 1
    case .clamp: 0.5
    }
  }
}
