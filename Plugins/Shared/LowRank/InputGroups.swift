import PluginKit

extension [Node] {
  /// Nodes by input group, in the order of their first member.
  package func byInputGroup() -> [[Node]] {
    var groups: [[Node]] = []
    for node in self {
      if let place = groups.firstIndex(where: { $0[0].inputGroup == node.inputGroup }) {
        groups[place].append(node)
      } else {
        groups.append([node])
      }
    }
    return groups
  }
}

extension StrategyError {
  /// The same error with the place and the advice, where the numbers are at fault.
  package func naming(_ node: Node) -> StrategyError {
    guard code == .numerical else { return self }
    return StrategyError(
      .numerical, "\(message), at \(node.name); check the weights and the calibration text")
  }
}
