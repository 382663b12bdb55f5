import ModelIO

/// `lathe tokenize`
enum TokenizeCommand: Command {
  static let name = "tokenize"
  static let summary = "turn text into token ids, or ids back into text"
  static let options: [Option] = [
    .value("tokenizer", "FILE", "a tokenizer.json", required: true),
    .value(
      "text", "FILE", "the text, or with --decode ids separated by blanks, commas or lines", required: true),
    .flag("lines", "treat every line on its own and print one line of ids for each"),
    .flag("add-special-tokens", "let the post-processor add its special tokens"),
    .flag("decode", "ids to text"), .json,
  ]

  static func run(_ arguments: Arguments, _ session: Session) throws -> ExitStatus {
    let tokenizer = try Tokenizer(path: arguments.required("tokenizer"))
    let path = arguments.required("text")
    let text = try TextFile.read(path)
    let units = arguments.has("lines") ? lines(of: text) : [text]
    if arguments.has("decode") {
      let decoded = try units.map { tokenizer.decode(try ids(in: $0, path: path)) }
      if session.isJSON {
        session.print(.array(decoded.map(JSON.string)))
      } else {
        session.print(decoded.joined(separator: "\n"))
      }
    } else {
      let encoded = units.map { tokenizer.encode($0, addSpecialTokens: arguments.has("add-special-tokens")) }
      if session.isJSON {
        let arrays = encoded.map { JSON.array($0.map { .integer(Int($0)) }) }
        session.print((arguments.has("lines") ? JSON.array(arrays) : arrays[0]).text(indent: nil))
      } else if arguments.has("lines") {
        for ids in encoded { session.print(ids.map { "\($0)" }.joined(separator: " ")) }
      } else {
        session.print("[" + encoded[0].map { "\($0)" }.joined(separator: ", ") + "]")
      }
    }
    return .done
  }

  /// A final newline ends the last line and starts none.
  private static func lines(of text: String) -> [String] {
    var lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
      String(Substring($0))
    }
    if lines.last == "" { lines.removeLast() }
    return lines
  }

  private static func ids(in text: String, path: String) throws -> [Int32] {
    try text.split(whereSeparator: { " ,\n\r\t[]".contains($0) }).map { word in
      guard let id = Int32(word), id >= 0 else {
        throw TextError.unreadable(path, "\"\(word)\" is no token id")
      }
      return id
    }
  }
}
