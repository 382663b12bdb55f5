import PluginKit

/// One linear that is trained: the vectors of its state that its scales and its bias are.
struct TrainedLinear: Sendable {
  let node: Node
  /// One for each diagonal of its trial, in order.
  let spectra: [Int]
  /// Nil where the bias is not trained.
  let bias: Int?
}

/// A form with diagonals of scales in it, as it is tried.
struct TrialForm {
  /// One of the linear's diagonals: where it stands, and which components it holds.
  struct Diagonal {
    let term: Int
    let factor: Int
    let components: [Int]
  }

  var terms: [[Factor]]
  /// By spectrum of the linear.
  var diagonals: [Diagonal]
}

/// The trials that are in place, and the numbers that go in and come out in every step.
struct Trials: ~Copyable {
  private struct Slot {
    let vector: Int
    let components: [Int]
  }

  private let slots: [Slot]
  private let values: FactorNumbers
  let gradients: FactorNumbers

  private init(slots: [Slot], values: consuming FactorNumbers, gradients: consuming FactorNumbers) {
    self.slots = slots
    self.values = values
    self.gradients = gradients
  }

  /// Puts the form of every linear in place, with the numbers of `state`.
  static func placed<Host: HostAccess & ~Copyable>(
    _ linears: [TrainedLinear], _ state: TrainingState, _ host: borrowing Host,
    form: (TrainedLinear) throws(StrategyError) -> TrialForm
  ) throws(StrategyError) -> Trials {
    var slots: [Slot] = []
    var references: [FactorReference] = []
    for linear in linears {
      let form = try form(linear)
      try put(form, linear, state, host)
      for (vector, place) in zip(linear.spectra, form.diagonals) {
        let shape = form.terms[place.term][place.factor].shape
        slots.append(Slot(vector: vector, components: place.components))
        references.append(
          FactorReference(linear.node, term: place.term, factor: place.factor, shape: shape))
      }
      if let bias = linear.bias {
        slots.append(Slot(vector: bias, components: Array(state.vectors[bias].theta.indices)))
        references.append(.bias(of: linear.node))
      }
    }
    let trials = Trials(
      slots: slots, values: try host.newNumbers(of: references),
      gradients: try host.newNumbers(of: references))
    try trials.write(state, host)
    return trials
  }

  private static func put<Host: HostAccess & ~Copyable>(
    _ form: TrialForm, _ linear: TrainedLinear, _ state: TrainingState, _ host: borrowing Host
  ) throws(StrategyError) {
    guard let vector = linear.bias else {
      return try host.setTrial(linear.node, LinearForm(terms: form.terms))
    }
    let bias = try host.vector(state.vectors[vector].values)
    try host.setTrial(linear.node, LinearForm(terms: form.terms, bias: bias))
  }

  /// Gives the trials the numbers of `state`.
  func write<Host: HostAccess & ~Copyable>(_ state: TrainingState, _ host: borrowing Host)
    throws(StrategyError)
  {
    guard !slots.isEmpty else { return }
    for (index, slot) in slots.enumerated() {
      let vector = state.vectors[slot.vector]
      values.withMutableValues(index) { target in
        for i in target.indices { target[i] = Float(vector.value(slot.components[i])) }
      }
    }
    try host.setTrialValues(values)
  }

  /// The last gradients by vector, zero for components that are not in the trials; nil where one is not finite.
  func gradients(of state: TrainingState) -> [[Double]]? {
    var result = state.vectors.map { Array(repeating: 0.0, count: $0.count) }
    var isFinite = true
    for (index, slot) in slots.enumerated() {
      gradients.withValues(index) { source in
        for i in source.indices {
          isFinite = isFinite && source[i].isFinite
          result[slot.vector][slot.components[i]] = Double(source[i])
        }
      }
    }
    return isFinite ? result : nil
  }
}

extension HostAccess where Self: ~Copyable {
  func vector(_ values: [Double]) throws(StrategyError) -> HostMatrix<Float> {
    let vector = try newVector(Float.self, count: values.count)
    vector.withMutableElements { target in
      for i in target.indices { target[i] = Float(values[i]) }
    }
    return vector
  }
}
