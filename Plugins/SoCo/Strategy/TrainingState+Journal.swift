import PluginKit

/// A training state as one row of numbers in the host's store.
///
/// The row starts with what the run was asked to do; a row of another run is not read.
struct TrainingJournal {
  static let key = "training"
  /// The settings that decide the result, and the shapes.
  let fingerprint: [Double]

  func write<Host: HostAccess & ~Copyable>(_ state: TrainingState, _ host: borrowing Host)
    throws(StrategyError)
  {
    var numbers = Numbers()
    numbers.append(fingerprint)
    numbers.append([Double(state.step)])
    for vector in state.vectors {
      numbers.append(vector.theta)
      numbers.append(vector.isActive.map { $0 ? 1 : 0 })
      numbers.append(vector.moments.first)
      numbers.append(vector.moments.second)
      numbers.append([Double(vector.moments.steps), vector.isFactored ? 1 : 0])
    }
    numbers.append(rows: state.curvature)
    for curve in [state.curves.loss, state.curves.size, state.curves.heldOutStep, state.curves.heldOut] {
      numbers.append(curve)
    }
    numbers.append(state.best.map { [Double($0.step), $0.loss] } ?? [])
    numbers.append(rows: state.best?.theta ?? [])
    let row = try host.newVector(Double.self, count: numbers.row.count)
    row.withMutableElements { target in
      for index in target.indices { target[index] = numbers.row[index] }
    }
    try host.keep(row, key: Self.key)
  }

  /// The state that was journalled by the same run; nil where there is none. `fresh` gives the shapes.
  func read<Host: HostAccess & ~Copyable>(
    like fresh: TrainingState, _ host: borrowing Host
  ) throws(StrategyError) -> TrainingState? {
    guard try host.hasKept(key: Self.key) else { return nil }
    var numbers = Numbers(row: try host.kept(Double.self, key: Self.key).array())
    guard numbers.next() == fingerprint, let step = numbers.next()?.first else { return nil }
    var state = fresh
    state.step = Int(step)
    for index in state.vectors.indices {
      guard let theta = numbers.next(), let active = numbers.next(), let first = numbers.next(),
        let second = numbers.next(), let rest = numbers.next(), rest.count == 2,
        theta.count == state.vectors[index].count, active.count == theta.count,
        let moments = Adam(first: first, second: second, steps: Int(rest[0])), moments.count == theta.count
      else { return nil }
      state.vectors[index].theta = theta
      state.vectors[index].isActive = active.map { $0 != 0 }
      state.vectors[index].moments = moments
      state.vectors[index].isFactored = rest[1] != 0
    }
    guard let curvature = numbers.nextRows(), let loss = numbers.next(),
      let size = numbers.next(), let heldOutStep = numbers.next(), let heldOut = numbers.next(),
      let best = numbers.next(), let theta = numbers.nextRows()
    else { return nil }
    state.curvature = curvature
    state.curves = TrainingCurves(loss: loss, size: size, heldOutStep: heldOutStep, heldOut: heldOut)
    if best.count == 2, theta.map(\.count) == state.vectors.map(\.count) {
      state.best = TrainingState.Best(step: Int(best[0]), loss: best[1], theta: theta)
    }
    return state
  }
}

/// Lists of numbers in one row, each after its length.
private struct Numbers {
  private(set) var row: [Double] = []
  private var place = 0

  init(row: [Double] = []) { self.row = row }

  mutating func append(_ list: [Double]) {
    row.append(Double(list.count))
    row += list
  }

  mutating func append(rows: [[Double]]) {
    row.append(Double(rows.count))
    for list in rows { append(list) }
  }

  mutating func next() -> [Double]? {
    guard place < row.count, let count = Int(exactly: row[place]), count >= 0,
      count <= row.count - place - 1
    else { return nil }
    defer { place += 1 + count }
    return Array(row[place + 1..<place + 1 + count])
  }

  mutating func nextRows() -> [[Double]]? {
    guard place < row.count, let count = Int(exactly: row[place]), count >= 0, count <= row.count else {
      return nil
    }
    place += 1
    var rows: [[Double]] = []
    for _ in 0..<count {
      guard let list = next() else { return nil }
      rows.append(list)
    }
    return rows
  }
}
