import ModelIO

/// The scores by which readers of the "llama" tokenizer choose merges: of all pairs of neighbours that make a token, the
/// one with the highest score is merged, the leftmost first (arXiv 1808.06226).
///
/// Byte-pair encoding merges listed pairs by rank instead. Both agree when every pair of tokens that makes a token
/// is listed, and the pairs that make the same token follow each other: then the score is the rank, negated. That
/// holds for lists made from a SentencePiece model, and is checked.
struct SentencePieceScores {
  let values: [Float]

  init(_ tokens: GGUFTokens, merges: [(left: String, right: String)], path: String) throws(GGUFObstacle) {
    var ranks: [Pair: Int] = [:]
    var spans: [String: ClosedRange<Int>] = [:]
    for (rank, merge) in merges.enumerated() {
      ranks[Pair(left: merge.left, right: merge.right)] = rank
      let product = merge.left + merge.right
      spans[product] = (spans[product]?.lowerBound ?? rank)...rank
    }
    var last: (product: String, end: Int)?
    for (product, span) in spans.sorted(by: { $0.value.lowerBound < $1.value.lowerBound }) {
      if let last, last.end >= span.lowerBound {
        throw .tokenizer(
          path: path,
          reason: "the merges for \"\(last.product)\" and \"\(product)\" are mixed, which no scores express; "
            + "export to another format")
      }
      last = (product, span.upperBound)
    }
    try Self.checkComplete(tokens, ranks, path: path)
    values = zip(tokens.texts, tokens.kinds).map { text, kind in
      guard kind == .normal else { return 0 }
      return -Float(spans[text]?.lowerBound ?? merges.count)
    }
  }

  private struct Pair: Hashable {
    let left: String
    let right: String
  }

  private static func checkComplete(
    _ tokens: GGUFTokens, _ ranks: [Pair: Int], path: String
  ) throws(GGUFObstacle) {
    let vocabulary = Set(tokens.texts)
    for (text, kind) in zip(tokens.texts, tokens.kinds) where kind == .normal {
      let scalars = text.unicodeScalars
      for cut in scalars.indices.dropFirst() {
        let pair = Pair(left: String(scalars[..<cut]), right: String(scalars[cut...]))
        // A single character is a symbol even where it is no token.
        let areSymbols = [pair.left, pair.right].allSatisfy {
          vocabulary.contains($0) || $0.unicodeScalars.count == 1
        }
        guard areSymbols, ranks[pair] == nil else { continue }
        throw .tokenizer(
          path: path,
          reason: "\"\(pair.left)\" and \"\(pair.right)\" make the token \"\(text)\" but are no merge, so "
            + "readers of GGUF would cut words differently; export to another format")
      }
    }
  }
}
