import CKernels
import Testing

@Suite struct SHA256Tests {
  static func digest(_ bytes: [UInt8], portable: Bool, pieces: Int? = nil) -> String {
    var hash = lathe_sha256()
    if portable { lathe_sha256_init_portable(&hash) } else { lathe_sha256_init(&hash) }
    for start in stride(from: 0, to: bytes.count, by: pieces ?? max(bytes.count, 1)) {
      let piece = Array(bytes[start..<min(start + (pieces ?? bytes.count), bytes.count)])
      lathe_sha256_update(&hash, piece, piece.count)
    }
    var result = [UInt8](repeating: 0, count: 32)
    lathe_sha256_final(&hash, &result)
    let digits = Array("0123456789abcdef")
    return String(result.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }

  @Test(
    "known answers of FIPS 180-4",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
    ], [false, true])
  func known(answer: (String, String), portable: Bool) {
    #expect(Self.digest(Array(answer.0.utf8), portable: portable) == answer.1)
  }

  @Test("a million times the letter a", arguments: [false, true])
  func long(portable: Bool) {
    let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
    let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    #expect(Self.digest(bytes, portable: portable, pieces: 9973) == expected)
  }

  @Test("pieces of any size, and both implementations, give one digest for every length")
  func pieces() {
    for length in 0...200 {
      let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 37 + length) }
      let expected = Self.digest(bytes, portable: true)
      for pieces in [1, 7, 63, 64, 65] {
        #expect(Self.digest(bytes, portable: false, pieces: pieces) == expected)
      }
    }
  }
}
