import Tensors
import Testing

@testable import ModelIO

/// Files that are wrong, each in one way.
@Suite struct SafetensorsHostileTests {
  private func file(_ header: String, data: Int, length: UInt64? = nil) -> [UInt8] {
    withUnsafeBytes(of: (length ?? UInt64(header.utf8.count)).littleEndian) { Array($0) }
      + Array(header.utf8) + [UInt8](repeating: 7, count: data)
  }

  private func fault(_ bytes: [UInt8]) -> SafetensorsFault? {
    bytes.withUnsafeBytes { buffer in
      do throws(SafetensorsFault) {
        _ = try SafetensorsLayout(buffer)
        return nil
      } catch { return error }
    }
  }

  private func entry(_ type: String, _ shape: String, _ offsets: String) -> String {
    "{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
  }

  @Test("headers that break a rule are refused with the fact that is wrong")
  func rules() {
    let one = entry("F32", "[2]", "[0,8]")
    let types = ElementType.allCases.map(\.rawValue)
    let cases: [(String, Int, SafetensorsFault)] = [
      ("[]", 0, .headerIsNoObject), (" {}", 0, .headerIsNoObject),
      ("{\"a\":3}", 0, .notAnEntry(tensor: "a")),
      ("{\"a\":\(one)}", 9, .leftover(byteCount: 1)),
      ("{\"a\":\(one)}", 7, .pastEnd(tensor: "a", end: 8, available: 7)),
      ("{\"a\":\(one),\"b\":\(entry("U8", "[1]", "[9,10]"))}", 10, .hole(before: "b", from: 8, to: 9)),
      (
        "{\"a\":\(one),\"b\":\(entry("U8", "[1]", "[7,8]"))}", 8,
        .overlap(tensor: "b", begin: 7, previousEnd: 8)
      ),
      ("{\"a\":\(entry("F32", "[3]", "[0,8]"))}", 8, .wrongByteCount(tensor: "a", expected: 12, found: 8)),
      ("{\"a\":\(entry("F4", "[3]", "[0,8]"))}", 8, .unknownType(tensor: "a", found: "F4", known: types)),
      ("{\"a\":\(entry("U8", "[-1]", "[0,8]"))}", 8, .badShape(tensor: "a")),
      ("{\"a\":\(entry("U8", "[8.0]", "[0,8]"))}", 8, .badShape(tensor: "a")),
      ("{\"a\":\(entry("U8", "[8]", "[8,0]"))}", 8, .badOffsets(tensor: "a")),
      ("{\"a\":\(entry("U8", "[8]", "[0,8,9]"))}", 8, .badOffsets(tensor: "a")),
      (
        "{\"a\":\(entry("F64", "[4294967296,4294967296]", "[0,0]"))}", 0,
        .tooLarge(tensor: "a", shape: [1 << 32, 1 << 32])
      ),
      (
        "{\"a\":\(entry("F64", "[4294967296,4294967296,0]", "[0,0]"))}", 0,
        .tooLarge(tensor: "a", shape: [1 << 32, 1 << 32, 0])
      ),
      (
        "{\"a\":\(entry("F64", "[0,4294967296,4294967296]", "[0,0]"))}", 0,
        .tooLarge(tensor: "a", shape: [0, 1 << 32, 1 << 32])
      ),
      ("{\"a\\u0000\":\(one)}", 8, .badName("a\0")),
      ("{\"__metadata__\":[]}", 0, .metadataIsNoMap(key: nil)),
      ("{\"__metadata__\":{\"k\":1}}", 0, .metadataIsNoMap(key: "k")),
      ("{\"a\":{\"dtype\":\"U8\",\"shape\":[8]}}", 8, .missingKey(tensor: "a", key: "data_offsets")),
    ]
    for (header, data, expected) in cases { #expect(fault(file(header, data: data)) == expected) }
  }

  @Test("duplicate keys are refused, also keys that are the same in Unicode's normal form")
  func duplicates() {
    let empty = entry("U8", "[0]", "[0,0]")
    guard case .badHeader = fault(file("{\"a\":\(empty),\"a\":\(empty)}", data: 0)) else {
      Issue.record("a duplicate key was accepted")
      return
    }
    let composed = fault(file("{\"\u{E9}\":\(empty),\"e\u{301}\":\(empty)}", data: 0))
    #expect(composed == .duplicateName("\u{E9}"))
  }

  @Test("declared header lengths beyond the limit or the file are refused without allocating")
  func lengths() {
    for length in [UInt64.max, 1 << 63, 100_000_001] {
      let expected = SafetensorsFault.headerTooLong(byteCount: length, limit: 100_000_000)
      #expect(fault(file("{}", data: 0, length: length)) == expected)
    }
    let past = SafetensorsFault.headerPastEnd(byteCount: 100_000_000, available: 2)
    #expect(fault(file("{}", data: 0, length: 100_000_000)) == past)
    #expect(fault(file("{}", data: 0, length: 0)) == .headerIsNoObject)
    #expect(fault([]) == .tooShort(byteCount: 0))
    #expect(fault(Array("version https://git-lfs.github.com/spec/v1\n".utf8)) == .isLFSPointer)
    #expect(fault(file("{}   ", data: 0)) == nil)
  }

  @Test("a file cut at any length is refused, and no changed byte of the header brings the reader down")
  func damage() throws {
    let folder = TemporaryFolder()
    let tensors = try [
      "a": randomTensor(.f32, [2, 3], seed: 1), "b": randomTensor(.u8, [5], seed: 2),
      "c": randomTensor(.i64, [0], seed: 3),
    ]
    try SafetensorsWriter.write(tensors, to: folder.file("a.safetensors"))
    let whole = bytes(ofFile: folder.file("a.safetensors"))
    #expect(fault(whole) == nil)
    for length in 0..<whole.count { #expect(fault(Array(whole[..<length])) != nil, "cut at \(length)") }
    let random = CounterRandom(seed: 5)
    let header = whole.count - 29
    var refused = 0
    for trial in 0..<4000 {
      var damaged = whole
      for flip in 0..<UInt64(1 + trial % 3) {
        let bits = random.bits(at: UInt64(trial) * 4 + flip)
        damaged[Int(bits % UInt64(header))] = UInt8(truncatingIfNeeded: bits >> 32)
      }
      guard fault(damaged) == nil else {
        refused += 1
        continue
      }
      folder.write(damaged, to: "damaged.safetensors")
      let file = try SafetensorsFile(path: folder.file("damaged.safetensors"))
      // Whatever still parses covers the data exactly.
      #expect(file.names.compactMap { file[$0]?.byteCount }.reduce(0, +) == 29)
    }
    #expect(refused > 2000)
  }
}
