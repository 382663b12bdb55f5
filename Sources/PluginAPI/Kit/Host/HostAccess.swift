import CLathe

/// What every view of the host can do: log, report, allocate, compute, and read the graph.
///
/// Functions may be called from the pieces of `forEach` unless they say otherwise. All throw
/// `StrategyError.unsupported` where the host does not offer the service.
public protocol HostAccess: ~Copyable, Sendable {
  /// The handle of the call; of no use to a strategy.
  var call: HostCall { get }
}

extension HostAccess where Self: ~Copyable {
  /// The only source of randomness that a strategy may use besides `fillUniform` and `fillNormal`.
  public var seed: UInt64 { call.seed }

  /// Whether the host offers an optional service.
  public func offers(_ service: HostService) -> Bool { call.offers(service) }

  public func log(_ level: LogLevel, _ message: String) { call.log(level, message) }

  /// Throws once the user asked to stop. `forEach` and the linear algebra do this by themselves; other work
  /// polls at least every 100 ms.
  public func checkCancellation() throws(StrategyError) {
    if call.isCancelled { throw .cancelled }
  }

  /// How much of the current call is done, 0...1.
  public func progress(_ fraction: Double, _ activity: String) { call.progress(fraction, activity) }

  /// A matrix of zeros, 64-byte aligned.
  public func newMatrix<Scalar: HostScalar>(
    _ scalar: Scalar.Type, rows: Int, columns: Int
  ) throws(StrategyError) -> HostMatrix<Scalar> {
    try HostMatrix(call.newTensor(Scalar.elementType, [rows, columns]), from: "new_tensor")
  }

  /// A vector of zeros: one dimension, seen as a matrix of one column.
  public func newVector<Scalar: HostScalar>(
    _ scalar: Scalar.Type, count: Int
  ) throws(StrategyError) -> HostMatrix<Scalar> {
    try HostMatrix(call.newTensor(Scalar.elementType, [count]), from: "new_tensor")
  }

  /// A copy in another real type, for instance of float32 weights for float64 work.
  public func converted<From: HostReal, To: HostReal>(
    _ matrix: borrowing HostMatrix<From>, to type: To.Type
  ) throws(StrategyError) -> HostMatrix<To> {
    let result = try newMatrix(To.self, rows: matrix.rows, columns: matrix.columns)
    matrix.withElements { source in
      result.withMutableElements { target in
        for i in source.indices { target[i] = To(source[i]) }
      }
    }
    return result
  }
}
