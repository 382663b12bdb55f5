import LinearAlgebra
import Testing

@Suite struct BLASCoreTests {
  static let wide = BLASCore.Features(avx2: true, avx512: true, avx512BFloat16: false)
  static let widest = BLASCore.Features(avx2: true, avx512: true, avx512BFloat16: true)

  @Test(
    "a 256-bit core on a 512-bit processor is replaced",
    arguments: ["Haswell", "Zen", "Sandybridge", "Prescott"])
  func inferior(core: String) {
    #expect(BLASCore.recommendation(running: core, features: Self.wide, userSetting: nil) == "SkylakeX")
    #expect(BLASCore.recommendation(running: core, features: Self.widest, userSetting: nil) == "Cooperlake")
    #expect(BLASCore.recommendation(running: core, features: Self.widest, userSetting: "") == "Cooperlake")
  }

  @Test("the user's own setting stands")
  func userSetting() {
    #expect(
      BLASCore.recommendation(running: "Prescott", features: Self.widest, userSetting: "Haswell") == nil)
  }

  @Test("a core as wide as the processor stays", arguments: ["SkylakeX", "Cooperlake", "SapphireRapids"])
  func fine(core: String) {
    #expect(BLASCore.recommendation(running: core, features: Self.widest, userSetting: nil) == nil)
  }

  @Test("an AVX2 processor wants Haswell instead of anything narrower, and nothing else")
  func avx2() {
    let features = BLASCore.Features(avx2: true, avx512: false, avx512BFloat16: false)
    #expect(BLASCore.recommendation(running: "Nehalem", features: features, userSetting: nil) == "Haswell")
    #expect(BLASCore.recommendation(running: "Zen", features: features, userSetting: nil) == nil)
  }

  @Test("nothing is recommended without x86 features or for unknown cores")
  func others() {
    #expect(
      BLASCore.recommendation(
        running: "NEOVERSEN1", features: BLASCore.Features(avx2: false, avx512: false, avx512BFloat16: false),
        userSetting: nil) == nil)
    #expect(BLASCore.recommendation(running: "NEOVERSEN1", features: Self.widest, userSetting: nil) == nil)
    #expect(
      BLASCore.recommendation(
        running: "Prescott", features: BLASCore.Features(avx2: false, avx512: false, avx512BFloat16: false),
        userSetting: nil) == nil)
  }

  @Test("the running core has a name, features imply one another, speed is positive")
  func detection() {
    #expect(!BLASCore.running.isEmpty)
    let features = BLASCore.Features.detected
    #expect(features.avx2 || !features.avx512)
    #expect(features.avx512 || !features.avx512BFloat16)
    let speed = BLASCore.measuredGigaflops(size: 64, workers: .serial)
    #expect(speed > 0 && speed < 1e6)
  }
}
