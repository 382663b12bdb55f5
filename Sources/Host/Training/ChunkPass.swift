import Graph
import LinearAlgebra
import Runtime

/// The step of some windows that are worked on together.
struct ChunkPass {
  private let pass: TrainingPass
  private let plan: GradientPlan
  private let windows: [Int]
  private let request: LossRequest
  private let reference: StateStore?
  private let states: StateStore
  private let perWindow: Int

  init(
    _ pass: TrainingPass, _ plan: GradientPlan, _ windows: [Int], _ request: LossRequest,
    _ reference: StateStore?
  ) throws(TrainingError) {
    self.pass = pass
    self.plan = plan
    self.windows = windows
    self.request = request
    self.reference = reference
    perWindow = pass.statesPerWindow(plan)
    states = try pass.store.states(
      count: windows.count * perWindow, rows: pass.rows, columns: pass.configuration.hiddenSize,
      scratch: pass.source.settings.scratch)
  }

  /// The losses of the windows in their order; gradients are added to `sums` in the same order.
  func run(into sums: inout GradientSums) throws(TrainingError) -> [TokenLoss.Value] {
    let text = pass.source.text.windows(request.set)
    let (states, windows, perWindow, embed) = (states, windows, perWindow, pass.embed)
    try pass.forEach(windows.count) { (slot, _) throws(RuntimeError) in
      try embed(text[windows[slot]], states.window(slot * perWindow))
    }
    let kept = try forward()
    let values = try loss(&sums)
    for (slot, value) in values.enumerated() where !value.isFinite {
      throw .notFinite(set: request.set, window: windows[slot])
    }
    for index in (plan.lowestBlock..<max(plan.lowestBlock, pass.configuration.blockCount)).reversed() {
      guard !plan.isEmpty else { break }
      try backward(index, kept: kept[index], &sums)
    }
    return values
  }

  /// Where a slot's input of `block` lies; below the lowest block that is asked for, all lie in one place.
  private func place(_ block: Int) -> Int { plan.isEmpty ? 0 : max(0, block - plan.lowestBlock) }

  /// Runs all blocks and returns the traces that were kept, by block.
  private func forward() throws(TrainingError) -> [Int: [BlockTrace]] {
    var kept: [Int: [BlockTrace]] = [:]
    var bytes = 0
    let (states, perWindow, rotary) = (states, perWindow, pass.source.rotary)
    for index in 0..<pass.configuration.blockCount {
      let block = try pass.trials.block(index)
      let selections = plan.blocks[index] ?? [:]
      if !plan.isEmpty, index >= plan.lowestBlock {
        let own = windows.count * block.traceByteCount(rows: pass.rows, selections)
        if bytes + own <= pass.store.limit {
          kept[index] = pass.store.traces(block: index, count: windows.count)
          bytes += own
        }
      }
      let traces = kept[index]
      let (from, to) = (place(index), place(index + 1))
      try pass.forEach(windows.count) { (slot, lane) throws(RuntimeError) in
        let target = states.window(slot * perWindow + to)
        if from != to { target.copy(from: states.window(slot * perWindow + from).readable) }
        try block.forward(
          target, rotary: rotary, keeping: traces?[slot] ?? lane.trace, for: traces == nil ? [:] : selections,
          lane.workspace)
      }
      pass.trials.release(index)
    }
    return kept
  }

  private func loss(_ sums: inout GradientSums) throws(TrainingError) -> [TokenLoss.Value] {
    let head = try pass.trials.head(needsLayer: !plan.head.isEmpty)
    let referenceHead: LanguageModelHead? =
      if reference == nil { nil } else { try pass.source.referenceHead() }
    let text = pass.source.text.windows(request.set)
    let (plan, request, states, reference) = (plan, request, states, reference)
    let (windows, perWindow) = (windows, perWindow)
    let last = place(pass.configuration.blockCount)
    let results = Results(count: windows.count)
    try pass.forEach(windows.count) { (slot, lane) throws(RuntimeError) in
      let window = windows[slot]
      var compared: ReferenceStates?
      if let reference, let referenceHead {
        compared = ReferenceStates(head: referenceHead, normed: reference.window(window).readable)
      }
      var gradient = head.gradient(plan.head)
      let value = try head.loss(
        states.window(slot * perWindow + last).readable, tokens: text[window], request.loss(ofWindow: window),
        reference: compared, gradient: plan.isEmpty ? nil : states.window((slot + 1) * perWindow - 1),
        plan.head, into: &gradient, lane.workspace)
      results.set(slot, value, gradient.map { [.languageModelHead: $0] } ?? [:])
    }
    add(results, block: nil, to: &sums)
    return results.values
  }

  private func backward(
    _ index: Int, kept: [BlockTrace]?, _ sums: inout GradientSums
  ) throws(TrainingError) {
    let block = try pass.trials.block(index)
    let selections = plan.blocks[index] ?? [:]
    let continues = index > plan.lowestBlock
    let (states, perWindow, rotary) = (states, perWindow, pass.source.rotary)
    let from = place(index)
    let results = Results(count: windows.count)
    try pass.forEach(windows.count) { (slot, lane) throws(RuntimeError) in
      let input = states.window(slot * perWindow + from).readable
      if kept == nil {
        try lane.withSpare(rows: input.rows, columns: input.columns) { (output) throws(RuntimeError) in
          output.copy(from: input)
          try block.forward(output, rotary: rotary, keeping: lane.trace, for: selections, lane.workspace)
        }
      }
      var gradients: [Role: LinearGradient] = [:]
      try block.backward(
        input, gradient: states.window((slot + 1) * perWindow - 1), rotary: rotary,
        trace: kept?[slot] ?? lane.trace, selections, into: &gradients, continues: continues, lane.workspace)
      results.set(slot, TokenLoss.Value(), gradients)
    }
    add(results, block: index, to: &sums)
    pass.trials.release(index)
  }

  private func add(_ results: Results, block: Int?, to sums: inout GradientSums) {
    for node in pass.trials.model.nodes where node.block == block {
      for gradients in results.gradients {
        if let gradient = gradients[node.role] { sums.add(gradient, node: node.index) }
      }
    }
  }
}

/// What each window gives; every place is written by one piece only.
private final class Results: @unchecked Sendable {
  private let places: UnsafeMutableBufferPointer<(TokenLoss.Value, [Role: LinearGradient])>

  init(count: Int) {
    places = .allocate(capacity: count)
    places.initialize(repeating: (TokenLoss.Value(), [:]))
  }

  deinit {
    places.deinitialize()
    places.deallocate()
  }

  func set(_ index: Int, _ value: TokenLoss.Value, _ gradients: [Role: LinearGradient]) {
    places[index] = (value, gradients)
  }

  var values: [TokenLoss.Value] { places.map(\.0) }
  var gradients: [[Role: LinearGradient]] { places.map(\.1) }
}
