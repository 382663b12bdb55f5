import Graph
import ModelIO

/// What to do to a model: a seed, calibration text, and stages in order.
public struct Recipe: Sendable {
  /// Where calibration text comes from.
  public struct Calibration: Sendable, Equatable {
    /// Files, already resolved against the recipe's own folder.
    public var paths: [String]
    /// Windows to use.
    public var samples: Int
    /// Tokens in a window.
    public var context: Int
    /// Windows that losses are watched on and nothing is fitted to; nil for one for every eight samples.
    public var heldOut: Int?
  }

  /// One strategy and how to run it.
  public struct Stage: Sendable {
    public var strategy: String
    /// Share of the selected layers' bytes that stays, in (0, 1].
    public var keep: Double?
    public var selection: Selection
    /// Replaces the recipe's seed for this stage.
    public var seed: UInt64?
    /// Everything else, checked against what the strategy declares.
    public var parameters: JSONObject
  }

  public var path: String
  public var seed: UInt64
  public var calibration: Calibration?
  public var stages: [Stage]
  /// The recipe as it was read, overrides applied: what the provenance record keeps.
  public var json: JSON
}
