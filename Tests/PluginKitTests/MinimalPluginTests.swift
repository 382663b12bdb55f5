import CLathe
import FakeHost
import Foundation
import TestSupport
import Testing

/// The plugin in C under `examples/`, compiled with the system's compiler and driven through its tables.
@Suite struct MinimalPluginTests {
  private static let compiler = "/usr/bin/cc"

  private static func build() throws -> URL {
    let root = Shared.packageRoot
    let library = FileManager.default.temporaryDirectory.appending(path: "round-bits-\(UUID().uuidString).so")
    let process = Process()
    process.executableURL = URL(filePath: compiler)
    process.arguments = [
      "-std=c11", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-fvisibility=hidden",
      "-I", root.appending(path: "Sources/PluginAPI/Header/include").path, "-o", library.path,
      root.appending(path: "examples/plugins/minimal-c/round_bits.c").path, "-lm",
    ]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return library
  }

  @Test(
    "the minimal C plugin rounds what it says it rounds",
    .enabled(if: FileManager.default.isExecutableFile(atPath: compiler)))
  func theMinimalPluginWorks() throws {
    let library = try Self.build()
    defer { try? FileManager.default.removeItem(at: library) }
    let handle = try #require(dlopen(library.path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE))
    let symbol = try #require(dlsym(handle, LATHE_ENTRY_SYMBOL))
    let entry = unsafeBitCast(symbol, to: lathe_entry_fn.self)
    let module = try #require(entry(nil))
    let host = PluginKitTests.model()
    host.parameters["bits"] = "5"
    let before = host.nodes.map(\.form.matrix)
    try FakeRun(module, on: host).all()
    for (old, new) in zip(before, host.nodes) {
      for (a, b) in zip(old.values, new.form.matrix.values) {
        #expect(abs(b - Double(Float(a))) <= abs(a) * 0x1p-5)
        #expect(b.significandBitPattern & ((1 << 48) - 1) == 0)
      }
    }
    #expect(host.aliveTensors == 0)
    // It tests for no function, because hosts create a strategy only where all that it requires is there.
    var required: [String] = []
    var next = try #require(module.pointee.strategies[0]?.pointee.required_extensions)
    while let id = next.pointee {
      required.append(String(cString: id))
      next += 1
    }
    #expect(Set(required) == ["lathe.params/1", "lathe.graph/1"] && module.pointee.min_host_minor == 0)
  }
}
