import Synchronization

/// The numbers a strategy reports of its stage and of single nodes, in a fixed order whatever the threads did.
public final class StageReport: Sendable {
  /// A number or a row of numbers.
  public enum Entry: Sendable, Equatable {
    case metric(Double)
    case series([Double])
  }

  private struct Entries {
    var stage: [String: Entry] = [:]
    var nodes: [Int: [String: Entry]] = [:]
  }
  private let entries = Mutex(Entries())

  public init() {}

  /// A nil node means the stage as a whole. A key that is set again keeps the last value.
  func set(_ key: String, node: Int?, _ entry: Entry) {
    entries.withLock { entries in
      if let node {
        entries.nodes[node, default: [:]][key] = entry
      } else {
        entries.stage[key] = entry
      }
    }
  }

  /// Puts back what an earlier run of the same stage reported.
  public func restore(_ key: String, node: Int?, _ entry: Entry) { set(key, node: node, entry) }

  /// About the stage, sorted by key.
  public var stage: [(key: String, entry: Entry)] {
    entries.withLock { $0.stage }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// About a node, sorted by key.
  public func entries(node: Int) -> [(key: String, entry: Entry)] {
    (entries.withLock { $0.nodes[node] } ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}
