import Foundation
import Testing

@testable import ModelIO

@Suite struct TokenizerErrorTests {
  private static let model: JSON = ["type": "BPE", "vocab": ["a": 0, "b": 1, "ab": 2], "merges": ["a b"]]

  private func message(_ json: JSON) -> String? {
    do {
      _ = try Tokenizer(json: json, path: "dir/tokenizer.json")
      return nil
    } catch { return error.description }
  }

  @Test("a component that is not known is refused with its name and the file")
  func unknownComponents() {
    let bad: JSON = ["type": "Quantum"]
    let list: JSON = [
      "type": "Sequence", "normalizers": [bad], "pretokenizers": [bad], "processors": [bad],
      "decoders": [bad],
    ]
    for (member, role) in [
      ("normalizer", "normalizer"), ("pre_tokenizer", "pre-tokenizer"), ("post_processor", "post-processor"),
      ("decoder", "decoder"), ("model", "model"),
    ] {
      for component in member == "model" ? [bad] : [bad, list] {
        var file: JSONObject = ["model": Self.model]
        file[member] = component
        let expected =
          "the \(role) type `Quantum` is not supported, in dir/tokenizer.json; "
          + "use a tokenizer.json with another \(role)"
        #expect(message(.object(file)) == expected)
      }
    }
    #expect(message(["model": ["type": "Unigram", "vocab": [["a", -1.0]]]])?.contains("`Unigram`") == true)
  }

  @Test("what is wrong with a model is said")
  func models() {
    func message(_ name: String, _ value: JSON?) -> String? {
      var model = Self.model.objectValue ?? [:]
      model[name] = value
      return self.message(["model": .object(model)])
    }
    #expect(message("merges", ["a b"]) == nil)
    #expect(message("merges", [["a", "b"]]) == nil)
    let missing = "names the token `c`, which the vocabulary lacks, in dir/tokenizer.json"
    #expect(message("merges", ["a c"]) == "`model.merges[0]` \(missing)")
    #expect(message("unk_token", "c") == "`model.unk_token` \(missing)")
    #expect(message("merges", ["b a"])?.contains("`ba`") == true)
    #expect(message("merges", ["ab"]) == "`model.merges[0]` should be two tokens, in dir/tokenizer.json")
    #expect(message("vocab", ["a": -1])?.contains("`model.vocab[\"a\"]`") == true)
    #expect(message("vocab", ["a": 3_000_000_000])?.contains("an integer") == true)
    #expect(message("vocab", ["a": 2_147_483_647, "b": 1, "ab": 2]) == nil)
    #expect(message("dropout", 0.1)?.contains("dropout") == true)
    #expect(message("dropout", 0) == nil)
    #expect(message("vocab", nil) == "`model.vocab` should be an object, in dir/tokenizer.json")
  }

  @Test("a file that is absent, no JSON or no object is refused")
  func files() throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "lathe-tokenizer-\(UInt64.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "tokenizer.json").path
    #expect(throws: TokenizerError.self) { try Tokenizer(path: path) }
    for text in ["", "{", "[]", "{}", "{\"model\": 1}", "{\"model\": {}, \"model\": {}}"] {
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      let error = #expect(throws: TokenizerError.self) { try Tokenizer(path: path) }
      #expect(error?.description.contains(path) == true)
    }
  }

  @Test(
    "a damaged file gives a sentence or a tokenizer that works, never a trap",
    arguments: ["accents", "mistral"])
  func damage(name: String) throws {
    let intact = try TokenizerGoldenTests.file(name).json
    let strangers: [JSON?] = [nil, .null, -1, 1e300, "", "x", [], [1], [:], ["type": "Sequence"], true]
    var refused = 0
    for (part, stranger) in Self.places(in: intact, depth: 4).flatMap({ place in strangers.map { (place, $0) }
    }) {
      let damaged = Self.replacing(intact, part[...], with: stranger) ?? .null
      do {
        let tokenizer = try Tokenizer(json: damaged, path: "p")
        _ = tokenizer.decode(tokenizer.encode("a <s> Bé 12\n", addSpecialTokens: true))
      } catch {
        refused += 1
        #expect(error.description.contains("p"))
        #expect(error.description.first?.isUppercase == false)
      }
    }
    #expect(refused > 30)
  }

  /// The paths to the members of a file, of long lists and vocabularies only the first.
  private static func places(in json: JSON, depth: Int) -> [[String]] {
    guard depth > 0 else { return [] }
    let members: [(String, JSON)]
    switch json {
    case .object(let object): members = object.prefix(8).map { ($0.key, $0.value) }
    case .array(let array): members = array.prefix(2).enumerated().map { (String($0.offset), $0.element) }
    default: members = []
    }
    return members.flatMap { name, value in [[name]] + places(in: value, depth: depth - 1).map { [name] + $0 }
    }
  }

  private static func replacing(_ json: JSON, _ place: ArraySlice<String>, with new: JSON?) -> JSON? {
    guard let name = place.first else { return new }
    switch json {
    case .object(var object):
      object[name] = object[name].flatMap { replacing($0, place.dropFirst(), with: new) }
      return .object(object)
    case .array(var array):
      guard let index = Int(name), array.indices.contains(index) else { return json }
      array[index] = replacing(array[index], place.dropFirst(), with: new) ?? .null
      return .array(array)
    default: return json
    }
  }
}
