import CKernels

/// The instruction sets that matter to matrix kernels, as far as processor and system both allow them.
public struct ProcessorFeatures: Sendable, Equatable {
  /// AVX2 and FMA.
  public var avx2: Bool
  /// AVX-512 F, DQ, BW, VL and CD.
  public var avx512: Bool
  /// AVX-512 products of bfloat16.
  public var avx512BFloat16: Bool
  /// SHA-256 rounds in hardware.
  public var sha: Bool

  public init(avx2: Bool = false, avx512: Bool = false, avx512BFloat16: Bool = false, sha: Bool = false) {
    self.avx2 = avx2
    self.avx512 = avx512
    self.avx512BFloat16 = avx512BFloat16
    self.sha = sha
  }

  /// Asks the processor. Nothing is set on architectures other than x86-64.
  public static func detect() -> ProcessorFeatures {
    let found = cpu_features_detect()
    return ProcessorFeatures(
      avx2: found.avx2 != 0, avx512: found.avx512 != 0, avx512BFloat16: found.avx512_bf16 != 0,
      sha: found.sha != 0)
  }
}
