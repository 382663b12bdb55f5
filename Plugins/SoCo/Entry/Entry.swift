import PluginKit
import SoCoStrategy

private let module = PluginModule(
  vendor: "Lathe", license: "Apache-2.0", strategies: [SoCo.self, Recover.self])

/// The one symbol that the library exports.
@c(lathe_entry)
public func latheEntry(_ info: UnsafePointer<EntryInfo>?) -> UnsafePointer<ModuleTable>? { module.table }
