/// A method that compresses the linear layers of a language model.
///
/// A strategy is an immutable value. The host calls `plan`, then `analyze` once per block, `allocate`, and
/// `compress` once per block; what one phase learns reaches the next through its return value, which PluginKit
/// files by block. So calls for different blocks may run concurrently and cannot depend on each other's order.
///
/// Views of the host are not copyable and are lent to one call, so none can be kept beyond it.
///
/// A phase whose result type is `Void` and that is not implemented does not exist for the host, which then
/// skips the pass over the calibration data that it would have needed.
public protocol CompressionStrategy: Sendable {
  /// What `analyze` keeps of a block; small, because that of every block is held until `allocate`.
  associatedtype Summary: Sendable = Void
  /// What `allocate` decides for the whole model: ranks, bits.
  associatedtype Allocation: Sendable = Void

  /// Name, parameters and needs; read before any instance exists.
  static var descriptor: StrategyDescriptor { get }

  /// Reads the parameters, which the host has already checked against the descriptor.
  init(_ parameters: borrowing Parameters) throws(StrategyError)

  /// Looks at the graph and asks for statistics. Must be cheap.
  func plan(_ model: borrowing ModelView, _ requests: borrowing Requests) throws(StrategyError)

  /// Looks at one block and its statistics. Skipped when `Summary` is `Void`.
  func analyze(_ block: borrowing BlockView) throws(StrategyError) -> Summary

  /// Distributes the budget over the model. `summaries` are in the order of the blocks, those of the linears
  /// outside all blocks last. Skipped when `Allocation` is `Void`.
  func allocate(_ summaries: [Summary], _ model: borrowing ModelView) throws(StrategyError) -> Allocation

  /// Replaces linears of one block, all or nothing.
  func compress(_ block: borrowing BlockEditor, _ allocation: Allocation) throws(StrategyError)
}

extension CompressionStrategy {
  public func plan(_ model: borrowing ModelView, _ requests: borrowing Requests) throws(StrategyError) {}
}

extension CompressionStrategy where Summary == Void {
  public func analyze(_ block: borrowing BlockView) throws(StrategyError) {}
}

extension CompressionStrategy where Allocation == Void {
  public func allocate(_ summaries: [Summary], _ model: borrowing ModelView) throws(StrategyError) {}
}

/// A strategy that can tell the shapes it will produce before it has worked.
public protocol ForecastingStrategy: CompressionStrategy {
  /// Gives the shapes that `compress` would give `node` as this view shows it; leaves a linear alone that
  /// `compress` would leave alone. May be called at any time, and for forms that an earlier stage only considers.
  /// After `allocate` its result is passed, and the shapes must then be those of `compress`.
  func forecast(_ node: borrowing NodeForecast, _ allocation: Allocation?) throws(StrategyError)
}

/// A strategy with something to do after the last block.
public protocol FinishingStrategy: CompressionStrategy {
  /// May still replace linears of any block.
  func finish(_ model: borrowing ModelEditor, _ allocation: Allocation) throws(StrategyError)
}
