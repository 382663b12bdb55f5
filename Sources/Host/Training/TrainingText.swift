import Calibration

/// Which windows of the calibration text a loss is taken over. Raw values are those of `lathe.h`.
public enum BatchSet: Int32, Sendable, Hashable, CustomStringConvertible {
  case calibration = 0
  case heldOut = 1

  public var description: String {
    switch self {
    case .calibration: "calibration"
    case .heldOut: "held-out"
    }
  }
}

extension CalibrationSet {
  /// The windows of a set; one window is one batch.
  public func windows(_ set: BatchSet) -> [[Int32]] {
    switch set {
    case .calibration: windows
    case .heldOut: heldOut
    }
  }
}
