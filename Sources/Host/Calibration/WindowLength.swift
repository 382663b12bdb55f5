import Graph

/// How many tokens a window of text has.
public enum WindowLength {
  /// What it is for models that were made for as many.
  private static let usual = 512

  /// The length that is taken where none is given: 512, or the model's positions where those are fewer.
  public static func chosen(for model: DecoderConfiguration) -> Int {
    min(usual, max(model.maximumPositions, 2))
  }

  /// What a user should know of windows of `count` tokens; nil where the model was made for so many. Later positions
  /// would measure what the model is never used for.
  public static func warning(of count: Int, for model: DecoderConfiguration) -> String? {
    guard count > model.maximumPositions else { return nil }
    return "\(count) tokens are more than the \(model.maximumPositions) positions that the model was made for"
  }
}
