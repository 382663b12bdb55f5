import CLathe
import Glibc

/// A library that was loaded and whose entry answered; nothing in its tables is believed yet.
final class ModuleUnderTest: @unchecked Sendable {
  typealias Entry = @convention(c) (UnsafePointer<lathe_entry_info>?) -> UnsafePointer<lathe_module>?

  let path: String
  let entry: Entry
  let table: UnsafePointer<lathe_module>

  /// Loads with all symbols bound and asks the entry once.
  init(loading path: String) throws(CaseFault) {
    self.path = path
    var environment = fenv_t()
    fegetenv(&environment)
    let handle = dlopen(path.contains("/") ? path : "./\(path)", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)
    fesetenv(&environment)
    guard let handle else {
      let reason = dlerror().map { String(cString: $0) } ?? "the loader refused it"
      throw .broken(call: "dlopen with RTLD_NOW", what: reason)
    }
    guard let symbol = dlsym(handle, LATHE_ENTRY_SYMBOL) else {
      throw .broken(call: "dlsym", what: "the library does not export \(LATHE_ENTRY_SYMBOL)")
    }
    entry = unsafeBitCast(symbol, to: Entry.self)
    guard let module = Self.ask(entry, path: path) else {
      throw .broken(call: LATHE_ENTRY_SYMBOL, what: "it returned NULL")
    }
    table = module
  }

  /// The entry's answer for a module path.
  static func ask(_ entry: Entry, path: String) -> UnsafePointer<lathe_module>? {
    path.withCString { text in
      var info = lathe_entry_info(
        struct_size: UInt32(MemoryLayout<lathe_entry_info>.size), abi_major: UInt16(LATHE_ABI_MAJOR),
        abi_minor: UInt16(LATHE_ABI_MINOR), module_path: text)
      return withUnsafePointer(to: &info) { entry($0) }
    }
  }

  /// What is wrong with the versions in the first 16 bytes, which every major version can read.
  var versionProblem: String? {
    let module = table.pointee
    let host = "\(LATHE_ABI_MAJOR).\(LATHE_ABI_MINOR)"
    if module.abi_major != UInt16(LATHE_ABI_MAJOR) {
      return "it was built for ABI \(module.abi_major).\(module.abi_minor), this host has \(host)"
    }
    if module.min_host_minor > UInt16(LATHE_ABI_MINOR) {
      return "it needs host ABI \(module.abi_major).\(module.min_host_minor), this host has \(host)"
    }
    if module.min_host_minor > module.abi_minor {
      return "min_host_minor \(module.min_host_minor) is newer than abi_minor \(module.abi_minor)"
    }
    return nil
  }

  /// What keeps the strategies from being read.
  var tableProblem: String? {
    let module = table.pointee
    let size = MemoryLayout<lathe_module>.size
    if module.struct_size < size {
      return "struct_size is \(module.struct_size), the table has \(size) bytes"
    }
    guard module.strategy_count > 0, module.strategy_count <= 256, let list = module.strategies else {
      return "strategy_count is \(module.strategy_count); at least one strategy and its table are needed"
    }
    for index in 0..<Int(module.strategy_count) {
      guard let strategy = list[index] else { return "strategies[\(index)] is NULL" }
      let needed = MemoryLayout<lathe_strategy>.size
      if strategy.pointee.struct_size < needed {
        return "struct_size of strategy \(index) is \(strategy.pointee.struct_size), not \(needed)"
      }
      if strategy.pointee.create == nil { return "create of strategy \(index) is NULL" }
      if strategy.pointee.param_count > 256
        || (strategy.pointee.param_count > 0 && strategy.pointee.params == nil)
      {
        return "strategy \(index) declares \(strategy.pointee.param_count) parameters without a table"
      }
      for p in 0..<Int(strategy.pointee.param_count) {
        guard let parameter = strategy.pointee.params[p],
          parameter.pointee.struct_size >= MemoryLayout<lathe_param>.size
        else { return "parameter \(p) of strategy \(index) is NULL or its struct_size is too small" }
      }
    }
    return nil
  }

  func strategies() throws(CaseFault) -> [StrategyUnderTest] {
    (0..<Int(table.pointee.strategy_count)).compactMap { index in
      table.pointee.strategies[index].map { StrategyUnderTest($0) }
    }
  }
}
