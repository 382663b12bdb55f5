import PluginKit

private let module = PluginModule(
  vendor: "Lathe examples", license: "Apache-2.0", strategies: [PlainSVD.self])

@c(lathe_entry)
public func latheEntry(_ info: UnsafePointer<EntryInfo>?) -> UnsafePointer<ModuleTable>? { module.table }
