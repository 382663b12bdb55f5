/// The members of a JSON object: unique keys in the order in which they came, found in constant time.
///
/// Keys are the same when their UTF-8 is; `String`'s own equality would merge canonically equivalent keys,
/// which vocabularies hold side by side. Equality of objects includes the order.
public struct JSONObject: Sendable {
  private var members: [Member] = []
  /// Positions by key; empty while there are few members, which are then searched one by one.
  private var positions: [ByteKey: Int] = [:]

  private static let fewMembers = 8

  public init() {}

  /// Later members replace earlier ones of the same key.
  public init(_ members: some Sequence<(String, JSON)>) {
    for (key, value) in members { self[key] = value }
  }

  public var count: Int { members.count }
  public var isEmpty: Bool { members.isEmpty }
  public var keys: [String] { members.map { $0.key.text } }

  /// The value of a key. Setting nil removes the member, which moves all later ones.
  public subscript(_ key: String) -> JSON? {
    get {
      guard let position = position(of: ByteKey(text: key)) else { return nil }
      return members[position].value
    }
    set {
      let key = ByteKey(text: key)
      switch (position(of: key), newValue) {
      case (let position?, let value?): members[position].value = value
      case (let position?, nil): remove(at: position)
      case (nil, let value?): append(key, value)
      case (nil, nil): break
      }
    }
  }

  /// Adds a member and says whether its key was new; an object that has the key stays as it is.
  mutating func insert(_ value: JSON, forNew key: String) -> Bool {
    let key = ByteKey(text: key)
    guard position(of: key) == nil else { return false }
    append(key, value)
    return true
  }

  private func position(of key: ByteKey) -> Int? {
    positions.isEmpty ? members.firstIndex { $0.key == key } : positions[key]
  }

  private mutating func append(_ key: ByteKey, _ value: JSON) {
    members.append(Member(key: key, value: value))
    if members.count > Self.fewMembers + 1 {
      positions[key] = members.count - 1
    } else if members.count > Self.fewMembers {
      indexMembers()
    }
  }

  private mutating func remove(at position: Int) {
    members.remove(at: position)
    positions = [:]
    if members.count > Self.fewMembers { indexMembers() }
  }

  private mutating func indexMembers() {
    for (position, member) in members.enumerated() { positions[member.key] = position }
  }
}

extension JSONObject {
  struct Member: Sendable, Equatable {
    let key: ByteKey
    var value: JSON
  }

  /// A key compared by its bytes.
  struct ByteKey: Sendable, Hashable {
    let text: String

    static func == (left: ByteKey, right: ByteKey) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    func hash(into hasher: inout Hasher) {
      var text = text
      text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
  }
}

extension JSONObject: Equatable {
  public static func == (left: JSONObject, right: JSONObject) -> Bool { left.members == right.members }
}

extension JSONObject: Sequence {
  public func makeIterator() -> AnyIterator<(key: String, value: JSON)> {
    var rest = members.makeIterator()
    return AnyIterator { rest.next().map { (key: $0.key.text, value: $0.value) } }
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, JSON)...) { self.init(elements) }
}
