/// Removes up to so many copies of one character from the ends of each token.
struct StripDecoder: TokenDecoder {
  private let character: [UInt8]
  private let start: Int
  private let stop: Int

  init(_ fields: ComponentFields) throws(TokenizerError) {
    character = Array(try fields.string("content").utf8)
    start = Int(try fields.count("start"))
    stop = Int(try fields.count("stop"))
    guard !character.isEmpty else { throw fields.malformed("content", expected: "one character") }
  }

  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
    tokens.map { token in
      var rest = token[...]
      var count = 0
      while count < start, rest.starts(with: character) {
        rest = rest.dropFirst(character.count)
        count += 1
      }
      count = 0
      while count < stop, rest.count >= character.count, rest.suffix(character.count).elementsEqual(character)
      {
        rest = rest.dropLast(character.count)
        count += 1
      }
      return rest.count == token.count ? token : Array(rest)
    }
  }
}
