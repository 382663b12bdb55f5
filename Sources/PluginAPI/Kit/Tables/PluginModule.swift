public import CLathe

/// What the host passes to the entry function.
public typealias EntryInfo = lathe_entry_info
/// What the entry function returns.
public typealias ModuleTable = lathe_module

/// The strategies of one shared library, as the constant data that its entry function returns:
///
/// ```swift
/// private let module = PluginModule(vendor: "me", license: "MIT", strategies: [MyStrategy.self])
///
/// @c(lathe_entry) public func latheEntry(_ info: UnsafePointer<EntryInfo>?) -> UnsafePointer<ModuleTable>? {
///   module.table
/// }
/// ```
public struct PluginModule: @unchecked Sendable {
  /// The same pointer every time, valid until the process ends.
  public let table: UnsafePointer<ModuleTable>

  /// `minimumHostMinor` is the oldest minor version of the host's ABI that the strategies can live with.
  public init(
    vendor: String, license: String, minimumHostMinor: UInt16 = 0,
    strategies: [any CompressionStrategy.Type]
  ) {
    var module = lathe_module()
    module.struct_size = UInt32(MemoryLayout<lathe_module>.size)
    module.abi_major = UInt16(LATHE_ABI_MAJOR)
    module.abi_minor = UInt16(LATHE_ABI_MINOR)
    module.min_host_minor = minimumHostMinor
    module.strategy_count = UInt32(strategies.count)
    module.strategies = constantList(strategies.map { makeStrategyTable(StrategyFactory($0)) })
    module.vendor = constantText(vendor)
    module.license = constantText(license)
    table = constant(module)
  }
}
