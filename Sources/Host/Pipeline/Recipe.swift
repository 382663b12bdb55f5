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
    /// Tokens in a window; nil for 512, or what the model was made for where that is less.
    public var context: Int?
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
    /// Whether the strategy runs in a process of its own.
    public var isIsolated: Bool
    /// The SHA-256 that the plugin's file must have.
    public var pluginHash: String?
    /// Everything else, checked against what the strategy declares.
    public var parameters: JSONObject
    /// Parameters of layers whose name matches a pattern, over those above; a later entry wins.
    public var overrides: [Override] = []
  }

  /// Other parameters for some layers of a stage.
  public struct Override: Sendable {
    public var pattern: String
    public var parameters: JSONObject
  }

  public var path: String
  public var seed: UInt64
  public var calibration: Calibration?
  public var stages: [Stage]
  /// Further forms in which the result is written.
  public var outputs: [Output]
  /// The recipe as it was read, overrides applied: what the provenance record keeps.
  public var json: JSON
}
