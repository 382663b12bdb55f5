import CKernels
import COpenBLAS

/// BLAS, LAPACK and kernel functions of one precision, so that each algorithm is written once.
///
/// LAPACK functions keep their argument lists; `COpenBLAS/shim.h` names the arguments.
public struct Routines<Scalar>: Sendable {
  typealias Input = UnsafePointer<Scalar>
  typealias Output = UnsafeMutablePointer<Scalar>
  typealias Integer = UnsafePointer<Int32>
  typealias Info = UnsafeMutablePointer<Int32>
  typealias Letter = UnsafePointer<CChar>

  let gemm:
    @Sendable (
      CBLAS_ORDER, CBLAS_TRANSPOSE, CBLAS_TRANSPOSE, Int32, Int32, Int32, Scalar, Input, Int32, Input, Int32,
      Scalar, Output, Int32
    ) -> Void
  let gemv:
    @Sendable (
      CBLAS_ORDER, CBLAS_TRANSPOSE, Int32, Int32, Scalar, Input, Int32, Input, Int32, Scalar, Output, Int32
    ) -> Void
  let syrk:
    @Sendable (
      CBLAS_ORDER, CBLAS_UPLO, CBLAS_TRANSPOSE, Int32, Int32, Scalar, Input, Int32, Scalar, Output, Int32
    ) -> Void
  let trsm:
    @Sendable (
      CBLAS_ORDER, CBLAS_SIDE, CBLAS_UPLO, CBLAS_TRANSPOSE, CBLAS_DIAG, Int32, Int32, Scalar, Input, Int32,
      Output, Int32
    ) -> Void
  let transpose:
    @Sendable (
      CBLAS_ORDER, CBLAS_TRANSPOSE, Int32, Int32, Scalar, Input, Int32, Output, Int32
    ) -> Void
  let potrf: @Sendable (Letter, Integer, Output, Integer, Info, Int) -> Void
  let syevd:
    @Sendable (
      Letter, Letter, Integer, Output, Integer, Output, Output, Integer, Info, Integer, Info, Int, Int
    ) -> Void
  let syevr:
    @Sendable (
      Letter, Letter, Letter, Integer, Output, Integer, Input, Input, Integer, Integer, Input, Info, Output,
      Output, Integer, Info, Output, Integer, Info, Integer, Info, Int, Int, Int
    ) -> Void
  let gesdd:
    @Sendable (
      Letter, Integer, Integer, Output, Integer, Output, Output, Integer, Output, Integer, Output, Integer,
      Info, Info, Int
    ) -> Void
  let gesvd:
    @Sendable (
      Letter, Letter, Integer, Integer, Output, Integer, Output, Output, Integer, Output, Integer, Output,
      Integer, Info, Int, Int
    ) -> Void
  let gelqf: @Sendable (Integer, Integer, Output, Integer, Output, Output, Integer, Info) -> Void
  let orglq: @Sendable (Integer, Integer, Integer, Output, Integer, Input, Output, Integer, Info) -> Void
  let countNonFinite: @Sendable (Input, Int) -> Int
  let sumOfSquares: @Sendable (Input, Int) -> Double
}

extension Routines<Float> {
  static let single = Routines(
    gemm: cblas_sgemm, gemv: cblas_sgemv, syrk: cblas_ssyrk, trsm: cblas_strsm, transpose: cblas_somatcopy,
    potrf: spotrf_,
    syevd: ssyevd_, syevr: ssyevr_, gesdd: sgesdd_, gesvd: sgesvd_, gelqf: sgelqf_, orglq: sorglq_,
    countNonFinite: count_nonfinite_f32, sumOfSquares: sum_of_squares_f32)
}

extension Routines<Double> {
  static let double = Routines(
    gemm: cblas_dgemm, gemv: cblas_dgemv, syrk: cblas_dsyrk, trsm: cblas_dtrsm, transpose: cblas_domatcopy,
    potrf: dpotrf_,
    syevd: dsyevd_, syevr: dsyevr_, gesdd: dgesdd_, gesvd: dgesvd_, gelqf: dgelqf_, orglq: dorglq_,
    countNonFinite: count_nonfinite_f64, sumOfSquares: sum_of_squares_f64)
}
