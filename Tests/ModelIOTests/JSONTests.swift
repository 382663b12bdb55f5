import ModelIO
import Testing

@Suite struct JSONTests {
  @Test("what is written is read back the same, with and without indentation", arguments: [nil, 0, 2])
  func roundTrip(indent: Int?) throws {
    let value: JSON = [
      "z": 1, "a": [1.5, -0.0, 1e300, .number(.leastNonzeroMagnitude), 1.0], "text": "é\"\\\n\u{1}\u{1F999}",
      "none": nil, "yes": true,
      "large": .integer(.max), "small": .integer(.min), "empty": [:], "nothing": [],
    ]
    let text = value.text(indent: indent)
    #expect(try JSON(parsing: text) == value)
    #expect(try JSON(parsing: text).text(indent: indent) == text)
  }

  @Test("the written form is fixed")
  func writtenForm() {
    let value: JSON = ["b": [1, 1.0, 1e22], "a": .number(.nan), "c": "/\u{7F}\u{1F}"]
    #expect(value.text(indent: nil) == "{\"b\":[1,1.0,1e+22],\"a\":null,\"c\":\"/\u{7F}\\u001f\"}")
    #expect(JSON.object(["k": [1, []]]).text() == "{\n  \"k\": [\n    1,\n    []\n  ]\n}")
  }

  @Test("members keep their order, and any number of keys is found")
  func order() {
    var members = JSONObject()
    for index in (0..<100).reversed() { members["k\(index)"] = .integer(index) }
    members["k50"] = nil
    #expect(members.keys == (0..<100).reversed().filter { $0 != 50 }.map { "k\($0)" })
    #expect((0..<100).allSatisfy { members["k\($0)"] == ($0 == 50 ? nil : .integer($0)) })
  }

  @Test("canonically equivalent keys are different keys")
  func keysAreBytes() throws {
    let value = try JSON(parsing: #"{"\u00e9": 1, "e\u0301": 2}"#)
    #expect(value["\u{E9}"] == 1)
    #expect(value["e\u{301}"] == 2)
  }

  @Test("integers that fit stay exact, larger ones become doubles")
  func numbers() throws {
    let text = "[9223372036854775807, -9223372036854775808, 9223372036854775808, 1e2, -0, 0, 2.5]"
    let expected: [JSON] = [
      .integer(.max), .integer(.min), .number(9_223_372_036_854_775_808), 100.0, .number(-0.0), 0, 2.5,
    ]
    #expect(try JSON(parsing: text) == .array(expected))
    #expect(JSON.number(3).intValue == 3)
    #expect(JSON.number(3.5).intValue == nil)
    #expect(JSON.number(1e300).intValue == nil)
    #expect(JSON.integer(3).doubleValue == 3)
  }

  @Test("escapes stand for the characters they name")
  func escapes() throws {
    let text = #""\"\\\/\b\f\n\r\t\u0041\ud83e\udd99\u0000""#
    #expect(try JSON(parsing: text) == "\"\\/\u{8}\u{C}\n\r\tA\u{1F999}\0")
  }

  @Test("JSON5 adds comments, trailing commas, bare keys, single quotes and more numbers")
  func json5() throws {
    let text = #"""
      // recipe
      { a: [1, +2, .5, 5., 0x1F, -0xff,], /* two
      lines */ 'b': 'it\'s', $c_1: "x\
      y\x41\'\v", é: null, }
      """#
    let expected: JSON = [
      "a": [1, 2, 0.5, 5.0, 31, -255], "b": "it's", "$c_1": "xyA'\u{B}", "é": nil,
    ]
    #expect(try JSON(parsing: text, dialect: .json5) == expected)
    #expect(throws: JSONError.self) { try JSON(parsing: text) }
  }

  @Test(
    "what is no JSON is refused in both dialects",
    arguments: [
      "", " ", "{", "[", "[1", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,\"a\":2}", "tru", "nul", "01", "1.e",
      "1e",
      "-", "--1", "\"a", "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"a\nb\"", "1 1",
      "[,]",
      "{,}", "1e999", "-1e999", "Infinity", "NaN", "-Infinity", "\0", "[1,,2]", "\"\\u{41}\"", "/* open",
    ])
  func refused(text: String) {
    #expect(throws: JSONError.self) { try JSON(parsing: text) }
    #expect(throws: JSONError.self) { try JSON(parsing: text, dialect: .json5) }
  }

  @Test(
    "what only JSON5 has is refused by the strict dialect",
    arguments: [
      "[1,]", "{\"a\":1,}", "{a:1}", "'a'", "+1", ".5", "5.", "0x1", "//\n1", "/**/1", "\u{FEFF}1", "\u{A0}1",
      "\"\t\"", #""\x41""#, #""\q""#,
    ])
  func onlyJSON5(text: String) throws {
    #expect(throws: JSONError.self) { try JSON(parsing: text) }
    _ = try JSON(parsing: text, dialect: .json5)
  }

  @Test(
    "bytes that are no UTF-8 are refused",
    arguments: [
      [0x80], [0xC0, 0x80], [0xC3], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF],
      [0xF0, 0x9F, 0xA6], [0xE2, 0x28, 0xA1],
    ] as [[UInt8]])
  func invalidUTF8(bytes: [UInt8]) {
    let text = Array("  [\"".utf8) + bytes + Array("\"]".utf8)
    let error = #expect(throws: JSONError.self) {
      try text.withUnsafeBytes { try JSON(parsing: $0) }
    }
    #expect(error?.reason == "invalid UTF-8")
    #expect(error?.column == 5)
  }

  @Test("512 levels of nesting are read, 513 are refused")
  func depth() throws {
    func nested(_ levels: Int) -> String {
      String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
    }
    _ = try JSON(parsing: nested(512))
    #expect(throws: JSONError.self) { try JSON(parsing: nested(513)) }
    #expect(throws: JSONError.self) { try JSON(parsing: String(repeating: "[{\"a\":", count: 100_000)) }
  }

  @Test("an error says line, column and reason")
  func position() {
    let error = #expect(throws: JSONError.self) { try JSON(parsing: "{\n  \"é\": 1,\n  \"é\": 2 }") }
    #expect(error?.line == 3)
    #expect(error?.column == 3)
    #expect(error?.description == "the key `é` is there twice, line 3, column 3")
    let other = #expect(throws: JSONError.self) { try JSON(parsing: "[\"é\" ?]") }
    #expect(other?.description == "`?` where a comma or the closing bracket should be, line 1, column 6")
  }
}
