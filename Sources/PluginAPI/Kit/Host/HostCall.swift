import CLathe

/// The host's handle for the call in progress. It has nothing to offer but through a view.
public struct HostCall: @unchecked Sendable {
  let host: UnsafePointer<lathe_host>
  private let core: HostTable<lathe_host>

  init(_ host: UnsafePointer<lathe_host>) {
    self.host = host
    core = HostTable(UnsafeRawPointer(host), id: "lathe_host")
  }

  /// "lathe 1.2.0", as the host calls itself.
  var hostName: String {
    let name = core.field(\.name).map { String(cString: $0) } ?? "this host"
    let version = core.field(\.version).map { " " + String(cString: $0) } ?? ""
    return name + version
  }

  var seed: UInt64 { core.value(\.seed) ?? 0 }
  var major: UInt16? { core.value(\.abi_major) }

  func table<Table>(_ service: HostService, _: Table.Type) throws(StrategyError) -> HostTable<Table> {
    let lookUp = try core.function(\.get_extension, "get_extension")
    guard let found = lookUp(host, service.id) else {
      throw .missing(extension: service.id, host: hostName)
    }
    return HostTable(found, id: service.id)
  }

  func offers(_ service: HostService) -> Bool {
    core.field(\.get_extension)?(host, service.id) != nil
  }

  func check(_ status: lathe_status, _ name: String) throws(StrategyError) {
    if status != LATHE_OK { throw .hostFunctionFailed(name, status) }
  }

  func log(_ level: LogLevel, _ message: String) { core.field(\.log)?(host, level.rawValue, message) }

  /// Records the reason and returns the status to return.
  func fail(_ error: StrategyError) -> lathe_status {
    if let record = core.field(\.fail) { _ = record(host, error.code.rawValue, error.message) }
    return error.code.rawValue
  }

  var isCancelled: Bool { (core.field(\.is_cancelled)?(host) ?? 0) != 0 }

  func progress(_ fraction: Double, _ activity: String) { core.field(\.progress)?(host, fraction, activity) }

  func newTensor(_ type: ElementType, _ shape: [Int]) throws(StrategyError) -> TensorBox {
    let make = try core.function(\.new_tensor, "new_tensor")
    var extents: [Int64] = []
    for extent in shape {
      guard extent >= 0 else { throw StrategyError(.invalid, "a tensor cannot have the extent \(extent)") }
      extents.append(Int64(extent))
    }
    var tensor: UnsafeMutablePointer<lathe_tensor>?
    try check(make(host, type.dtype, Int32(extents.count), extents, &tensor), "new_tensor")
    return try adopt(tensor, from: "new_tensor")
  }

  func adopt(_ tensor: UnsafeMutablePointer<lathe_tensor>?, from name: String) throws(StrategyError)
    -> TensorBox
  {
    guard let tensor else { throw StrategyError(.contract, "\(name) of the host gave no tensor") }
    return TensorBox(tensor, isOwned: true)
  }
}

/// How loud a message is. Raw values are those of `lathe.h`.
public enum LogLevel: Int32, Sendable {
  case debug = 0
  case info = 1
  case warning = 2
  case error = 3
}
