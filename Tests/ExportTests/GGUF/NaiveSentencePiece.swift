/// What a reader does with the tokens and scores of a "llama" tokenizer: starting from characters, the two
/// neighbours that make the token of the highest score are merged, the leftmost first; what is no token in the
/// end becomes bytes.
struct NaiveSentencePiece {
  let ids: [String: Int]
  let scores: [Float]

  func encode(_ text: String, addsSpace: Bool) -> [Int] {
    let marked = (addsSpace ? " " + text : text).replacing(" ", with: "\u{2581}")
    var symbols = marked.unicodeScalars.map { String($0) }
    while true {
      var best: (index: Int, score: Float)?
      for index in symbols.indices.dropLast() {
        guard let id = ids[symbols[index] + symbols[index + 1]] else { continue }
        if best.map({ scores[id] > $0.score }) ?? true { best = (index, scores[id]) }
      }
      guard let best else { break }
      symbols[best.index] += symbols.remove(at: best.index + 1)
    }
    return symbols.flatMap { symbol -> [Int] in
      if let id = ids[symbol] { return [id] }
      return symbol.utf8.map { byte in
        let digits = String(byte, radix: 16, uppercase: true)
        return ids["<0x\(byte < 16 ? "0" : "")\(digits)>"] ?? -1
      }
    }
  }
}
