import CLathe

/// The whole model, for `plan` and `allocate`.
public struct ModelView: ~Copyable, HostAccess {
  public let call: HostCall
}

/// One block and its statistics, for `analyze`.
public struct BlockView: ~Copyable, BlockAccess {
  public let call: HostCall
  public let block: Int?
}

/// One block whose linears may be replaced, for `compress`.
public struct BlockEditor: ~Copyable, BlockAccess {
  public let call: HostCall
  public let block: Int?

  /// Divides the input of `node`, and of every linear that reads it too, by `scales` `[in]`, which are then what was
  /// divided by once the norm before it is rounded. Each of those linears needs a replacement for the new input,
  /// `W diag(scales)`, in this call. The layer that gives its rows for it is seen changed at once.
  public func scaleInput(of node: Node, by scales: borrowing HostMatrix<Float>) throws(StrategyError) {
    let scale = try graph().function(\.scale_input, "scale_input")
    try call.check(scale(call.host, node.index, scales.box.tensor), "scale_input of \(node.name)")
  }

  /// Replaces a selected linear of this block. The host copies what it needs at once. Not for use in the pieces
  /// of `forEach`.
  public func replace(_ node: Node, with form: LinearForm) throws(StrategyError) {
    try replace(node.index, node.name, form.terms, bias: form.bias)
  }
}

/// The whole model after the last block, for `finish`.
public struct ModelEditor: ~Copyable, HostAccess {
  public let call: HostCall

  /// Replaces a selected linear.
  public func replace(_ node: Node, with form: LinearForm) throws(StrategyError) {
    try replace(node.index, node.name, form.terms, bias: form.bias)
  }
}

/// One linear whose future shape is asked for.
public struct NodeForecast: ~Copyable, HostAccess {
  public let call: HostCall
  public let node: Node

  /// Says that `compress` will give the node this shape.
  public func replace(with shape: LinearShape) throws(StrategyError) {
    try replace(
      node.index, node.name, shape.terms.map { $0.map { Factor(shape: $0) } }, bias: nil)
  }
}
