import CKernels
import COpenBLAS

/// Which of OpenBLAS's kernel sets runs, and which one should.
///
/// OpenBLAS chooses when it is loaded, from a table of processors it knows; a distribution's build may be years
/// older than the processor and then falls back to AVX2 kernels. The choice can only be changed before loading,
/// through the environment variable OPENBLAS_CORETYPE.
public enum BLASCore {
  /// What the processor supports and the system lets a program use.
  public struct Features: Sendable, Equatable {
    public var avx2: Bool
    public var avx512: Bool
    public var avx512BFloat16: Bool

    public init(avx2: Bool, avx512: Bool, avx512BFloat16: Bool) {
      self.avx2 = avx2
      self.avx512 = avx512
      self.avx512BFloat16 = avx512BFloat16
    }

    /// Those of the machine this runs on.
    public static var detected: Features {
      let found = cpu_features_detect()
      return Features(
        avx2: found.avx2 != 0, avx512: found.avx512 != 0, avx512BFloat16: found.avx512_bf16 != 0)
    }
  }

  /// The name of the kernel set in use.
  public static var running: String { openblas_get_corename().map { String(cString: $0) } ?? "unknown" }

  /// The library's version and build options.
  public static var build: String { openblas_get_config().map { String(cString: $0) } ?? "unknown" }

  /// A better kernel set for this machine than the running one; nil when there is none.
  public static var recommended: String? { recommendation(running: running, features: .detected) }

  /// The kernel set to ask for when `running` is known to use less than the processor has; nil when it does not,
  /// and when the user has decided by a `userSetting` that is not empty.
  ///
  /// Cooperlake's kernels are SkylakeX's with bfloat16 products added. Names are compared without case; a name that
  /// is not in the tables, one of another architecture or of a newer library, is left alone.
  public static func recommendation(
    running: String, features: Features, userSetting: String? = nil
  ) -> String? {
    guard userSetting?.isEmpty ?? true else { return nil }
    let running = running.lowercased()
    if features.avx512, vectorsOf256Bits.contains(running) || narrower.contains(running) {
      return features.avx512BFloat16 ? "Cooperlake" : "SkylakeX"
    }
    return features.avx2 && narrower.contains(running) ? "Haswell" : nil
  }

  private static let vectorsOf256Bits: Set = ["haswell", "zen", "excavator"]
  /// Kernel sets with shorter vectors, or without fused multiply-add on all of them.
  private static let narrower: Set = [
    "sandybridge", "nehalem", "penryn", "dunnington", "core2", "prescott", "banias", "katmai", "coppermine",
    "northwood", "atom", "nano", "athlon", "opteron", "opteron_sse3", "barcelona", "bobcat", "bulldozer",
    "piledriver", "steamroller", "generic", "unknown",
  ]

  /// Speed of an f32 product of two square matrices of `size`, in GFLOP/s: the best of `repetitions`.
  public static func measuredGigaflops(size: Int, workers: Workers, repetitions: Int = 3) -> Double {
    let a = Matrix<Float>(rows: size, columns: size) { Float(($0 * 7 + $1 * 3) % 11) * 0.1 }
    var best = Duration.seconds(3600)
    for _ in 0..<repetitions {
      let clock = ContinuousClock()
      let elapsed = clock.measure { _ = try? gemm(a, a, workers: workers) }
      best = min(best, elapsed)
    }
    let seconds = Double(best.components.seconds) + Double(best.components.attoseconds) * 1e-18
    let side = Double(size)
    return 2 * side * side * side / seconds * 1e-9
  }
}
