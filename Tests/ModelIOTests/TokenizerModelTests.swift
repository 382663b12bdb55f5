import Testing

@testable import ModelIO

@Suite struct TokenizerModelTests {
  /// The definition: merge the leftmost pair of lowest rank until there is none.
  private func slowMerge(_ tokens: [Int32], _ merges: [[Int32]: (rank: Int, product: Int32)]) -> [Int32] {
    var tokens = tokens
    while true {
      let pairs = zip(tokens, tokens.dropFirst()).enumerated().compactMap { position, pair in
        merges[[pair.0, pair.1]].map { (rank: $0.rank, position: position, product: $0.product) }
      }
      guard let best = pairs.min(by: { ($0.rank, $0.position) < ($1.rank, $1.position) }) else {
        return tokens
      }
      tokens.replaceSubrange(best.position...best.position + 1, with: [best.product])
    }
  }

  @Test("merging by a queue gives what merging by definition gives")
  func merging() {
    var generator = SplitMix(state: 5)
    for _ in 0..<30 {
      var table = MergeTable(capacity: 60)
      var merges: [[Int32]: (rank: Int, product: Int32)] = [:]
      for rank in 0..<60 {
        let product = Int32(4 + rank)
        let pair = [
          Int32.random(in: 0..<min(product, 12), using: &generator),
          Int32.random(in: 0..<product, using: &generator),
        ]
        guard merges[pair] == nil else { continue }
        merges[pair] = (rank, product)
        table.set(pair[0], pair[1], rank: rank, product: product)
      }
      for length in 0..<40 {
        let word = (0..<length).map { _ in Int32.random(in: 0..<4, using: &generator) }
        var merged = word
        table.merge(&merged)
        #expect(merged == slowMerge(word, merges))
      }
    }
  }

  @Test("cutting a long piece where no merge reaches across changes nothing")
  func cuts() throws {
    let tokenizer = try TokenizerGoldenTests.tokenizer("llama2")
    let model = tokenizer.model
    var generator = SplitMix(state: 8)
    let words = [
      "the", "cat", "\u{2581}", "\u{2581}sat", "é", "é", "🦙", "日", "ring", "\u{2581}\u{2581}on", "Z", "\n",
    ]
    for _ in 0..<40 {
      let text = (0..<40).compactMap { _ in words.randomElement(using: &generator) }.joined()
      let bytes = Array(text.utf8)
      var whole: [Int32] = []
      for scalar in text.unicodeScalars {
        if let id = model.vocabulary.id(of: String(scalar)) {
          whole.append(id)
        } else {
          whole += String(scalar).utf8.compactMap { model.byteTokens?[Int($0)] }
        }
      }
      model.merges.merge(&whole)
      var ids: [Int32] = []
      var scratch = BytePairModel.Scratch()
      bytes.withUnsafeBufferPointer { model.encode($0, 0..<$0.count, scratch: &scratch, to: &ids) }
      #expect(ids == whole)
    }
  }

  @Test("a table of bytes finds what was inserted and nothing else")
  func byteTable() {
    var table = ByteTable()
    let words = (0..<500).map { Array("w\($0 * 7)".utf8) } + [[]]
    for (index, word) in words.enumerated() {
      let inserted = word.withUnsafeBufferPointer { table.insert($0) }
      #expect(inserted.index == index && inserted.isNew)
    }
    for (index, word) in words.enumerated() {
      #expect(word.withUnsafeBufferPointer { table.index(of: $0) } == index)
      #expect(table[index] == word)
    }
    #expect(table.index(of: "w1") == nil)
    table.removeAll()
    #expect(table.index(of: "w0") == nil)
  }

  @Test("unknown characters become one unknown token, one each, or nothing")
  func unknowns() throws {
    func ids(_ settings: JSONObject) throws -> [Int32] {
      var model: JSONObject = ["vocab": ["a": 0, "?": 1], "merges": []]
      for (name, value) in settings { model[name] = value }
      return try Tokenizer(json: ["model": .object(model)], path: "x").encode("xyaxy")
    }
    #expect(try ids([:]) == [0])
    #expect(try ids(["unk_token": "?"]) == [1, 1, 0, 1, 1])
    #expect(try ids(["unk_token": "?", "fuse_unk": true]) == [1, 0, 1])
  }
}
