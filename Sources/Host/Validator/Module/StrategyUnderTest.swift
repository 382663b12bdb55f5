import CLathe

/// A strategy's descriptor, read leniently: what is wrong with it is for the cases to say.
struct StrategyUnderTest: @unchecked Sendable {
  let pointer: UnsafePointer<lathe_strategy>
  let id: String
  let required: [String]
  let optional: [String]
  let parameters: [ParameterUnderTest]

  init(_ pointer: UnsafePointer<lathe_strategy>) {
    self.pointer = pointer
    let table = pointer.pointee
    id = table.id.map { String(cString: $0) } ?? "?"
    required = Self.list(table.required_extensions)
    optional = Self.list(table.optional_extensions)
    parameters = (0..<Int(table.param_count)).compactMap { index in
      table.params[index].map { ParameterUnderTest($0.pointee) }
    }
  }

  private func has(_ flag: Int) -> Bool { pointer.pointee.flags & UInt32(flag) != 0 }
  var takesBudget: Bool { has(LATHE_STRATEGY_TAKES_BUDGET) }
  var isBlockParallel: Bool { has(LATHE_STRATEGY_BLOCK_PARALLEL) }
  var takesOverrides: Bool { has(LATHE_STRATEGY_TAKES_OVERRIDES) }
  var isInOrder: Bool { has(LATHE_STRATEGY_IN_ORDER) }

  func declares(_ kind: Int32) -> Bool {
    kind > 0 && kind < 64 && pointer.pointee.declared_stats & (1 << UInt64(kind)) != 0
  }

  /// Ids that a host of this version offers.
  static let knownExtensions: Set<String> = [
    LATHE_EXT_PARAMS, LATHE_EXT_GRAPH, LATHE_EXT_BUDGET, LATHE_EXT_CALIBRATION, LATHE_EXT_TRAINING,
    LATHE_EXT_LINALG, LATHE_EXT_PARALLEL, LATHE_EXT_RANDOM, LATHE_EXT_WORKSPACE, LATHE_EXT_REPORT,
  ]

  /// Throws where no host could create it.
  func checkUsable() throws(CaseFault) {
    for id in required where !Self.knownExtensions.contains(id) {
      throw .notApplicable("it requires \(id), which no host of this version offers")
    }
  }

  private static func list(_ pointer: UnsafePointer<UnsafePointer<CChar>?>?) -> [String] {
    guard let pointer else { return [] }
    var result: [String] = []
    while result.count < 64, let item = pointer[result.count] { result.append(String(cString: item)) }
    return result
  }
}
