import CLathe

/// Makes instances of one strategy.
final class StrategyFactory: Sendable {
  let descriptor: StrategyDescriptor
  private let make: @Sendable (borrowing Parameters) throws(StrategyError) -> StrategyInstance

  init<Strategy: CompressionStrategy>(_ strategy: Strategy.Type) {
    descriptor = Strategy.descriptor
    make = { (parameters) throws(StrategyError) in try TypedInstance<Strategy>(parameters) }
  }

  /// Throws a sentence where the host is of another major version or lacks a required service.
  func create(_ call: HostCall) throws(StrategyError) -> StrategyInstance {
    guard call.major.map({ Int($0) == Int(LATHE_ABI_MAJOR) }) ?? false else {
      let found = call.major.map { "\($0)" } ?? "unknown"
      throw StrategyError(
        .unsupported,
        "\(descriptor.id) needs the host ABI \(LATHE_ABI_MAJOR), and \(call.hostName) has \(found)")
    }
    for service in descriptor.requires where !call.offers(service) {
      throw StrategyError(
        .unsupported,
        "\(descriptor.id) needs \(service.id), which \(call.hostName) does not offer; use a newer host")
    }
    return try make(Parameters(call: call))
  }
}

/// A strategy's C table with its factory behind it, where `create` finds it.
private struct StrategyRecord {
  var table: lathe_strategy
  var factory: Unmanaged<StrategyFactory>
}

/// The constant C table of a strategy. Lives as long as the process.
func makeStrategyTable(_ factory: StrategyFactory) -> UnsafePointer<lathe_strategy> {
  let descriptor = factory.descriptor
  var table = lathe_strategy()
  table.struct_size = UInt32(MemoryLayout<lathe_strategy>.size)
  table.flags = descriptor.traits.rawValue
  table.id = constantText(descriptor.id)
  table.name = constantText(descriptor.name)
  table.version = constantText(descriptor.version)
  table.summary = constantText(descriptor.summary)
  table.reference = constantText(descriptor.reference)
  table.required_extensions = constantTexts(descriptor.requires.map(\.id))
  table.optional_extensions = constantTexts(descriptor.uses.map(\.id))
  table.params = constantList(descriptor.parameters.map { makeParameterTable($0) })
  table.param_count = UInt64(descriptor.parameters.count)
  table.declared_stats = descriptor.statistics.reduce(0) { $0 | (1 << UInt64($1.rawValue)) }
  table.create = { strategy, host, out in
    answer(host) { (call) throws(StrategyError) in
      guard let strategy, let out else { throw StrategyError(.contract, "the host passed NULL to create") }
      let record = UnsafeRawPointer(strategy).assumingMemoryBound(to: StrategyRecord.self)
      let instance = try record.pointee.factory.takeUnretainedValue().create(call)
      out.pointee = makeInstanceTable(instance)
    }
  }
  let record = UnsafeMutablePointer<StrategyRecord>.allocate(capacity: 1)
  record.initialize(to: StrategyRecord(table: table, factory: .passRetained(factory)))
  return UnsafeRawPointer(record).assumingMemoryBound(to: lathe_strategy.self)
}

private func makeParameterTable(_ parameter: ParameterDescriptor) -> UnsafePointer<lathe_param> {
  var table = lathe_param()
  table.struct_size = UInt32(MemoryLayout<lathe_param>.size)
  table.type =
    switch parameter.kind {
    case .bool: lathe_param_type(LATHE_PARAM_BOOL)
    case .int: lathe_param_type(LATHE_PARAM_INT)
    case .float: lathe_param_type(LATHE_PARAM_FLOAT)
    case .string: lathe_param_type(LATHE_PARAM_STRING)
    case .choice: lathe_param_type(LATHE_PARAM_CHOICE)
    case .floatList: lathe_param_type(LATHE_PARAM_FLOAT_LIST)
    }
  if parameter.defaultValue == nil { table.flags |= UInt32(LATHE_PARAM_REQUIRED) }
  if parameter.isAdvanced { table.flags |= UInt32(LATHE_PARAM_ADVANCED) }
  if parameter.isDeprecated { table.flags |= UInt32(LATHE_PARAM_DEPRECATED) }
  table.key = constantText(parameter.key)
  table.summary = constantText(parameter.summary)
  table.default_value = parameter.defaultValue.map { constantText($0) }
  table.minimum = parameter.minimum
  table.maximum = parameter.maximum
  table.choice_count = UInt32(parameter.choices.count)
  if !parameter.choices.isEmpty { table.choices = constantTexts(parameter.choices) }
  return constant(table)
}
