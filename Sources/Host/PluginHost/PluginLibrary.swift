import CLathe
import Glibc

/// A shared library that passed all checks of its entry, and the strategies in it.
///
/// Libraries are never unloaded: unmapping a Swift library crashes the process that loaded it.
public struct PluginLibrary: Sendable {
  public let path: String
  public let vendor: String
  public let license: String
  /// The ABI it was built for, `major.minor`.
  public let abi: String
  public let strategies: [StrategyInfo]
  /// What the user should know, though the library can be used.
  public let warnings: [String]
  let descriptors: [DescriptorPointer]

  /// A constant descriptor inside the library.
  struct DescriptorPointer: @unchecked Sendable {
    let pointer: UnsafePointer<lathe_strategy>
  }

  /// Loads and checks `path`. Nothing of the library is called but its entry.
  public init(path: String) throws(PluginHostError) {
    self.path = path
    var environment = fenv_t()
    fegetenv(&environment)
    let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)
    // A library built with -ffast-math switches denormals off for the thread that loads it.
    var after = fenv_t()
    fegetenv(&after)
    let changed = after.__mxcsr & Self.controlBits != environment.__mxcsr & Self.controlBits
    fesetenv(&environment)
    warnings =
      changed
      ? ["it changed the floating-point environment while loading (built with -ffast-math?); restored"] : []
    guard let handle else { throw .unusable(path: path, reason: Self.loaderMessage()) }
    guard let symbol = dlsym(handle, LATHE_ENTRY_SYMBOL) else {
      throw .unusable(
        path: path, reason: "it does not export \(LATHE_ENTRY_SYMBOL), so it is not a Lathe plugin")
    }
    let entry = unsafeBitCast(
      symbol, to: (@convention(c) (UnsafePointer<lathe_entry_info>?) -> UnsafePointer<lathe_module>?).self)
    let module = path.withCString { text in
      var info = lathe_entry_info(
        struct_size: UInt32(MemoryLayout<lathe_entry_info>.size), abi_major: UInt16(LATHE_ABI_MAJOR),
        abi_minor: UInt16(LATHE_ABI_MINOR), module_path: text)
      return withUnsafePointer(to: &info) { entry($0) }
    }
    guard let module else { throw .unusable(path: path, reason: "\(LATHE_ENTRY_SYMBOL) returned NULL") }
    do {
      try Self.checkVersion(module)
      let module = module.pointee
      abi = "\(module.abi_major).\(module.abi_minor)"
      vendor = module.vendor.map { String(cString: $0) } ?? ""
      license = module.license.map { String(cString: $0) } ?? ""
      descriptors = try Self.descriptors(of: module)
      var strategies: [StrategyInfo] = []
      for descriptor in descriptors { strategies.append(try StrategyInfo(descriptor.pointer.pointee)) }
      self.strategies = strategies
    } catch {
      throw .unusable(path: path, reason: error.reason)
    }
  }

  /// All of MXCSR but its sticky exception flags.
  private static let controlBits: UInt32 = 0xffc0

  /// The first 16 bytes of a module are the same for every major version, so they can always be read.
  private static func checkVersion(_ module: UnsafePointer<lathe_module>) throws(DescriptorFault) {
    let raw = UnsafeRawPointer(module)
    let size = raw.load(as: UInt32.self)
    let major = raw.load(fromByteOffset: 4, as: UInt16.self)
    let minor = raw.load(fromByteOffset: 6, as: UInt16.self)
    let needed = raw.load(fromByteOffset: 8, as: UInt16.self)
    let host = "\(LATHE_ABI_MAJOR).\(LATHE_ABI_MINOR)"
    guard major == UInt16(LATHE_ABI_MAJOR) else {
      throw DescriptorFault(
        reason: "it was built for plugin ABI \(major).\(minor), this host has \(host); install a build for "
          + "ABI \(LATHE_ABI_MAJOR)")
    }
    guard needed <= UInt16(LATHE_ABI_MINOR) else {
      throw DescriptorFault(
        reason: "it needs host ABI \(major).\(needed), this host has \(host); update Lathe or install an "
          + "older build of the plugin")
    }
    guard size >= MemoryLayout<lathe_module>.size else {
      throw DescriptorFault(
        reason: "its module table has \(size) bytes, ABI \(host) needs \(MemoryLayout<lathe_module>.size)")
    }
  }

  private static func descriptors(of module: lathe_module) throws(DescriptorFault) -> [DescriptorPointer] {
    guard module.strategy_count > 0, module.strategy_count <= 256, let table = module.strategies else {
      throw DescriptorFault(reason: "it declares \(module.strategy_count) strategies; at least one is needed")
    }
    var result: [DescriptorPointer] = []
    for i in 0..<Int(module.strategy_count) {
      guard let pointer = table[i], pointer.pointee.struct_size >= MemoryLayout<lathe_strategy>.size else {
        throw DescriptorFault(reason: "strategy \(i) is missing or its table is too small")
      }
      guard pointer.pointee.create != nil else {
        throw DescriptorFault(reason: "strategy \(i) has no create function")
      }
      result.append(DescriptorPointer(pointer: pointer))
    }
    return result
  }

  private static func loaderMessage() -> String {
    guard let message = dlerror() else { return "the loader refused it" }
    return String(cString: message)
  }
}
