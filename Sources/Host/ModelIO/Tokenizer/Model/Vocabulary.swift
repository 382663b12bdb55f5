/// Tokens and their ids.
struct Vocabulary: Sendable {
  private var table = ByteTable()
  /// The id of each entry of the table.
  private var ids: [Int32] = []
  private var entries: [Int32: Int32] = [:]
  /// The largest id plus one.
  private(set) var size = 0

  /// Reads `{"token": id, …}`.
  init(_ members: JSONObject, place: String, path: String) throws(TokenizerError) {
    entries.reserveCapacity(members.count)
    for (token, json) in members {
      guard let id = Int32(tokenID: json) else {
        throw .malformed(
          path: path, member: "\(place)[\"\(token)\"]", expected: "an integer from 0 to \(Int32.max)")
      }
      var token = token
      let index = token.withUTF8 { table.insert($0).index }
      ids.append(id)
      if entries[id] == nil { entries[id] = Int32(index) }
      size = max(size, Int(id) + 1)
    }
  }

  func id(of bytes: UnsafeBufferPointer<UInt8>) -> Int32? { table.index(of: bytes).map { ids[$0] } }

  func id(of token: String) -> Int32? { table.index(of: token).map { ids[$0] } }

  func token(of id: Int32) -> [UInt8]? { entries[id].map { table[Int($0)] } }

  /// Calls `body` with every token and its id.
  func forEach(_ body: (_ token: [UInt8], _ id: Int32) -> Void) {
    for index in ids.indices { body(table[index], ids[index]) }
  }
}
