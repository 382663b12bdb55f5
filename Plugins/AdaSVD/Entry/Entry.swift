import PluginKit
import AdaSVDStrategy

private let module = PluginModule(vendor: "Lathe", license: "Apache-2.0", strategies: [AdaSVD.self])

/// The one symbol that the library exports.
@c(lathe_entry)
public func latheEntry(_ info: UnsafePointer<EntryInfo>?) -> UnsafePointer<ModuleTable>? { module.table }
