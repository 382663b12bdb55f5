/// Replaces every match of a pattern.
struct ReplaceNormalizer: TextNormalizer {
  let pattern: Pattern
  let replacement: [UInt8]

  func normalize(_ text: [UInt8]) -> [UInt8] { pattern.replacing(in: text, with: replacement) }
}
