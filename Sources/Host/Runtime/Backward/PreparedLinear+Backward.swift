import CKernels
import LinearAlgebra

/// The inputs of a linear layer's inner factors in one window, where a gradient needs them.
public final class LinearTrace: @unchecked Sendable {
  private var inputs: [FactorPlace: ActivationBuffer] = [:]

  public init() {}

  func input(_ place: FactorPlace) -> ActivationBuffer {
    if let found = inputs[place] { return found }
    let made = ActivationBuffer()
    inputs[place] = made
    return made
  }
}

extension PreparedLinear {
  /// The layer's output as `forward` computes it, keeping in `trace` what the gradients of `selection` need.
  func forward(
    _ input: MatrixView<Float>, into output: MutableMatrixView<Float>, adding: Bool = false,
    keeping trace: LinearTrace, for selection: LinearSelection, _ workspace: GradientWorkspace
  ) throws(RuntimeError) {
    for (t, term) in terms.enumerated() {
      var current = input
      for (f, factor) in term.enumerated() {
        let isLast = f == term.count - 1
        let target: MutableMatrixView<Float>
        if isLast {
          target = output
        } else {
          let next = FactorPlace(term: t, factor: f + 1)
          let buffer = selection.factors.contains(next) ? trace.input(next) : workspace.middles[f % 2]
          target = buffer.matrix(rows: input.rows, columns: factor.rows)
        }
        try factor.forward(current, into: target, adding: isLast && (adding || t > 0))
        current = target.readable
      }
    }
    guard let bias else { return }
    for row in 0..<output.rows { row_add(bias, output.base + row * output.rowStride, outFeatures) }
  }

  /// Adds the gradients of `selection` to `sums` and writes d loss / d x to `inputGradient`, or adds it.
  ///
  /// `gradient` is d loss / d y, [T, out]; `input` is x, [T, in], and may be nil where no factor 0 is selected.
  /// `trace` is that of the forward pass.
  func backward(
    _ gradient: MatrixView<Float>, input: MatrixView<Float>?, trace: LinearTrace,
    _ selection: LinearSelection, into sums: inout LinearGradient,
    inputGradient: MutableMatrixView<Float>?, adding: Bool, _ workspace: GradientWorkspace
  ) throws(RuntimeError) {
    sums.bias?.withMutableView { sum in
      for row in 0..<gradient.rows {
        row_add(gradient.base + row * gradient.rowStride, sum.base, outFeatures)
      }
    }
    for (t, term) in terms.enumerated() {
      let lowest = inputGradient == nil ? selection.lowestFactor(ofTerm: t) : 0
      guard let lowest else { continue }
      var current = gradient
      for f in term.indices.reversed() where f >= lowest {
        let place = FactorPlace(term: t, factor: f)
        if selection.factors.contains(place) {
          let columns = term[f].columns
          let own = f == 0 ? input : trace.input(place).matrix(rows: gradient.rows, columns: columns).readable
          try sums.add(current, input: own, at: place, of: term[f])
        }
        if f > lowest {
          let target = workspace.middles[f % 2].matrix(rows: gradient.rows, columns: term[f].columns)
          try term[f].backward(current, into: target, adding: false)
          current = target.readable
        } else if f == 0, let inputGradient {
          try term[f].backward(current, into: inputGradient, adding: adding || t > 0)
        }
      }
    }
  }
}

extension LinearSelection {
  fileprivate func lowestFactor(ofTerm term: Int) -> Int? {
    factors.filter { $0.term == term }.map(\.factor).min()
  }
}

extension LinearGradient {
  fileprivate mutating func add(
    _ gradient: MatrixView<Float>, input: MatrixView<Float>?, at place: FactorPlace, of factor: PreparedFactor
  ) throws(RuntimeError) {
    guard let input else { return }
    try factors[place]?.withMutableView { (sum) throws(RuntimeError) in
      try factor.accumulate(gradient, input: input, into: sum)
    }
  }
}

extension PreparedFactor {
  var columns: Int {
    switch self {
    case .matrix(let matrix): matrix.columns
    case .diagonal(let values): values.count
    }
  }
}
