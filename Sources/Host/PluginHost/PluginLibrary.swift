import CLathe
import Glibc
import ModelIO
import Tensors

/// A shared library that passed all checks of its entry, and the strategies in it.
///
/// Libraries are never unloaded: unmapping a Swift library crashes the process that loaded it.
public struct PluginLibrary: Sendable {
  public let path: String
  /// SHA-256 of the file as 64 lowercase hexadecimal digits.
  public let hash: String
  public let vendor: String
  public let license: String
  /// The ABI it was built for, `major.minor`.
  public let abi: String
  public let strategies: [StrategyInfo]
  /// What the user should know, though the library can be used.
  public let warnings: [String]
  /// Empty where the library was described by a worker and is not loaded into this process.
  private let descriptors: [DescriptorPointer]

  /// Loads and checks `path`. Nothing of the library is called but its entry. With `hash`, a file with another hash
  /// is refused before any of its code runs.
  public init(path: String, hash: String? = nil) throws(PluginHostError) {
    try self.init(try PluginFile(path), expecting: hash)
  }

  /// Loads and checks a file that was opened before. Where a hash is expected, that very file is loaded, whatever
  /// stands at its path by now.
  init(_ file: PluginFile, expecting hash: String?) throws(PluginHostError) {
    let path = file.path
    if let hash, file.hash != hash {
      throw .untrusted(path: path, reason: "its sha256 is \(file.hash), expected was \(hash)")
    }
    let (handle, warnings) = try file.load(exactly: hash != nil)
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
    self.path = path
    self.hash = file.hash
    self.warnings = warnings
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

  /// A library that a worker has loaded and described.
  init(path: String, _ facts: LibraryFacts) {
    self.path = path
    hash = facts.hash
    vendor = facts.vendor
    license = facts.license
    abi = facts.abi
    strategies = facts.strategies
    warnings = facts.warnings
    descriptors = []
  }

  /// The descriptor of a strategy; a library that only a worker has loaded is loaded now.
  func descriptor(_ index: Int) throws(PluginHostError) -> UnsafePointer<lathe_strategy> {
    let list = descriptors.isEmpty ? try PluginLibrary(path: path, hash: hash).descriptors : descriptors
    guard list.indices.contains(index) else {
      throw .unusable(path: path, reason: "it has no strategy \(index) any more")
    }
    return list[index].pointer
  }

  /// What can be told of it to another process.
  var facts: LibraryFacts {
    LibraryFacts(
      hash: hash, vendor: vendor, license: license, abi: abi, strategies: strategies, warnings: warnings)
  }

  /// A constant descriptor inside the library.
  private struct DescriptorPointer: @unchecked Sendable {
    let pointer: UnsafePointer<lathe_strategy>
  }

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
}

/// What a library says of itself, without its code.
struct LibraryFacts: Codable, Sendable {
  var hash: String
  var vendor: String
  var license: String
  var abi: String
  var strategies: [StrategyInfo]
  var warnings: [String]
}
