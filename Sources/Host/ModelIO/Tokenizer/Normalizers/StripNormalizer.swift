/// Removes white space from the ends of a text.
struct StripNormalizer: TextNormalizer {
  let stripsLeft: Bool
  let stripsRight: Bool

  func normalize(_ text: [UInt8]) -> [UInt8] {
    let scalars = String(decoding: text, as: UTF8.self).unicodeScalars
    var rest = scalars[...]
    if stripsLeft { rest = rest.drop { $0.properties.isWhitespace } }
    if stripsRight {
      while let last = rest.last, last.properties.isWhitespace { rest.removeLast() }
    }
    return rest.count == scalars.count ? text : Array(String(rest).utf8)
  }
}
