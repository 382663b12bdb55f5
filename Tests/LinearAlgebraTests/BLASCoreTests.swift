import LinearAlgebra
import Testing

@Suite struct BLASCoreTests {
  private static let none = BLASCore.Features(avx2: false, avx512: false, avx512BFloat16: false)
  private static let avx2 = BLASCore.Features(avx2: true, avx512: false, avx512BFloat16: false)
  private static let avx512 = BLASCore.Features(avx2: true, avx512: true, avx512BFloat16: false)
  private static let bfloat = BLASCore.Features(avx2: true, avx512: true, avx512BFloat16: true)

  @Test("a better kernel set is recommended exactly where the running one leaves instructions unused")
  func table() {
    let expected: [(running: String, none: String?, avx2: String?, avx512: String?, bfloat: String?)] = [
      ("Prescott", nil, "Haswell", "SkylakeX", "Cooperlake"),
      ("Sandybridge", nil, "Haswell", "SkylakeX", "Cooperlake"),
      ("unknown", nil, "Haswell", "SkylakeX", "Cooperlake"),
      ("Haswell", nil, nil, "SkylakeX", "Cooperlake"),
      ("ZEN", nil, nil, "SkylakeX", "Cooperlake"),
      ("Excavator", nil, nil, "SkylakeX", "Cooperlake"),
      ("SkylakeX", nil, nil, nil, nil),
      ("COOPERLAKE", nil, nil, nil, nil),
      ("SapphireRapids", nil, nil, nil, nil),
      ("Zen4", nil, nil, nil, nil),
    ]
    for row in expected {
      for (features, core) in [
        (Self.none, row.none), (Self.avx2, row.avx2), (Self.avx512, row.avx512), (Self.bfloat, row.bfloat),
      ] {
        #expect(BLASCore.recommendation(running: row.running, features: features) == core, "\(row.running)")
      }
    }
  }

  @Test("the recommendation for this machine follows from what was detected")
  func detected() {
    let features = BLASCore.Features.detected
    #expect(
      BLASCore.recommended == BLASCore.recommendation(running: BLASCore.running, features: features))
    #expect(!features.avx512 || features.avx2)
    #expect(!features.avx512BFloat16 || features.avx512)
    #expect(BLASCore.build.contains("OpenBLAS"))
  }
}
