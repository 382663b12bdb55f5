import Synchronization

/// What the runs of a case came to, over all its hosts.
final class RunTally: Sendable {
  private let compressions = Atomic(0)
  private let replacements = Atomic(0)

  /// Layers that were replaced, counted again in each run.
  var replaced: Int { replacements.load(ordering: .relaxed) }

  /// Whether compress was called and no layer replaced: what the case says then, it says of nothing.
  var isIdle: Bool { compressions.load(ordering: .relaxed) > 0 && replaced == 0 }

  func compresses() { compressions.wrappingAdd(1, ordering: .relaxed) }
  func replaces(_ layers: Int) { replacements.wrappingAdd(layers, ordering: .relaxed) }
}
