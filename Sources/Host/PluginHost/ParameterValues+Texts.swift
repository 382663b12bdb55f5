extension ParameterValues {
  /// Checks `texts`, as a user types them, against what each of `strategies` declares under the same key. A key need be
  /// known to one of them only; what is not given is not asked for.
  public static func check(
    _ texts: [String: String], for strategies: [StrategyInfo]
  ) throws(PluginHostError) {
    let known = strategies.flatMap { $0.parameters.map(\.key) }
    for (key, text) in texts.sorted(by: { $0.key < $1.key }) {
      guard known.contains(key) else {
        throw .unknownParameter(
          key: key, strategy: strategies.map(\.id).joined(separator: ", "),
          suggestion: Spelling.nearest(to: key, in: known), known: known)
      }
      for strategy in strategies {
        guard let parameter = strategy.parameters.first(where: { $0.key == key }) else { continue }
        _ = try read(json(of: text, parameter), parameter, strategy.id)
      }
    }
  }
}
