import COpenBLAS

/// Which of its kernel sets ("cores") OpenBLAS runs, and which it should.
///
/// OpenBLAS picks a core by processor model when it is loaded. A release older than the processor falls back to
/// what it knows: 0.3.21 takes AVX2 kernels for some processors with AVX-512. `OPENBLAS_CORETYPE` overrules it.
public enum BLASCore {
  /// The name of the running core, "Haswell" for instance.
  public static func running() -> String { String(cString: openblas_get_corename()) }

  /// The core that should run instead of `running`, or nil when that one is fine or the user has decided.
  ///
  /// A name is returned only for x86 cores that leave half of the processor's vector width unused.
  public static func recommended(
    running: String, features: ProcessorFeatures, userSetting: String?
  ) -> String? {
    guard userSetting?.isEmpty ?? true else { return nil }
    let core = running.lowercased()
    if features.avx512, narrow.contains(core) || with256Bits.contains(core) {
      return features.avx512BFloat16 ? "Cooperlake" : "SkylakeX"
    }
    return features.avx2 && narrow.contains(core) ? "Haswell" : nil
  }

  /// Measured GFLOP/s of an f32 product of order `size`, the best of three after one to warm up.
  public static func measuredGigaflops(size: Int, threads: Int) throws(LinearAlgebraError) -> Double {
    let workers = Workers(threads: threads)
    let a = Matrix<Float>(rows: size, columns: size) { Float(($0 * 31 + $1 * 17) % 64) / 64 - 0.5 }
    var c = try gemm(a, a, workers: workers)
    var best = Double.infinity
    for _ in 0..<3 {
      let start = ContinuousClock.now
      try gemm(a, a, beta: 0, into: &c, workers: workers)
      best = min(best, (ContinuousClock.now - start) / .nanoseconds(1))
    }
    let order = Double(size)
    return 2 * order * order * order / max(best, 1)
  }

  /// Cores with 256-bit kernels.
  private static let with256Bits: Set = ["haswell", "zen", "excavator"]
  /// Cores with narrower kernels, or without fused multiply-add.
  private static let narrow: Set = [
    "sandybridge", "nehalem", "penryn", "dunnington", "core2", "prescott", "banias", "katmai", "coppermine",
    "northwood", "atom", "nano", "athlon", "opteron", "opteron_sse3", "barcelona", "bobcat", "bulldozer",
    "piledriver", "steamroller", "generic",
  ]
}
