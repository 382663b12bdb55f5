/// Eigenvalues `[k]`, ascending, and eigenvectors in the columns of `vectors` `[n, k]`.
///
/// The entry of largest magnitude in each column is positive.
@frozen public struct Eigenpairs<Scalar: HostReal>: ~Copyable, Sendable {
  public let values: [Scalar]
  public let vectors: HostMatrix<Scalar>

  public consuming func takeVectors() -> HostMatrix<Scalar> { vectors }
}

/// `u` `[m, k]`, singular values `[k]` descending, `vt` `[k, n]`.
///
/// The entry of largest magnitude in each column of `u` is positive.
@frozen public struct SingularTriples<Scalar: HostReal>: ~Copyable, Sendable {
  public let u: HostMatrix<Scalar>
  public let values: [Scalar]
  public let vt: HostMatrix<Scalar>
}

/// Orthonormal columns `q` `[m, k]` and upper triangular `r` `[k, n]`.
@frozen public struct OrthogonalFactors<Scalar: HostReal>: ~Copyable, Sendable {
  public let q: HostMatrix<Scalar>
  public let r: HostMatrix<Scalar>

  public consuming func takeQ() -> HostMatrix<Scalar> { q }
}
