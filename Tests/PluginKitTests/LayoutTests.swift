import CLathe
import Foundation
import TestSupport
import Testing

/// The layout of `lathe.h` is frozen: a released file never changes, a newer minor version only adds lines.
///
/// `LATHE_WRITE_GOLDEN=1` writes the file of the version under development.
@Suite struct LayoutTests {
  private static let golden = Shared.packageRoot.appending(path: "Tests/Golden/lathe-1.0.layout")

  private static var lines: [String] {
    var count: UInt64 = 0
    guard let rows = lathe_layout(&count) else { return [] }
    return (0..<Int(count)).map { index in
      let row = rows[index]
      return "\(String(cString: row.structure)) \(String(cString: row.field)) \(row.offset) \(row.size)"
    }
  }

  @Test("every field lies where version 1.0 put it")
  func everyFieldLiesWhereItWasReleased() throws {
    if ProcessInfo.processInfo.environment["LATHE_WRITE_GOLDEN"] == "1" {
      try (Self.lines.joined(separator: "\n") + "\n").write(
        to: Self.golden, atomically: true, encoding: .utf8)
    }
    let released = try String(contentsOf: Self.golden, encoding: .utf8).split(separator: "\n").map(
      String.init)
    #expect(released.count > 100)
    let now = Set(Self.lines)
    let isSameVersion = LATHE_ABI_MINOR == 0
    for line in released where isSameVersion || !line.contains(" sizeof ") {
      #expect(now.contains(line), "moved or gone: \(line)")
    }
    if isSameVersion { #expect(released == Self.lines) }
  }

  @Test("Swift sees the sizes that C sees")
  func swiftSeesTheSizesOfC() {
    let sizes = [
      ("lathe_host", MemoryLayout<lathe_host>.size), ("lathe_matrix", MemoryLayout<lathe_matrix>.size),
      ("lathe_strategy", MemoryLayout<lathe_strategy>.size),
      ("lathe_tensor", MemoryLayout<lathe_tensor>.size),
      ("lathe_node_info", MemoryLayout<lathe_node_info>.size),
      ("lathe_instance", MemoryLayout<lathe_instance>.size),
    ]
    for (name, size) in sizes { #expect(Self.lines.contains("\(name) sizeof 0 \(size)")) }
  }

  @Test(
    "the header compiles without a warning as C99 and C++11",
    arguments: [["cc", "-std=c99", "-x", "c"], ["c++", "-std=c++11", "-x", "c++"]])
  func theHeaderCompiles(compiler: [String]) throws {
    let program = "/usr/bin/\(compiler[0])"
    guard FileManager.default.isExecutableFile(atPath: program) else { return }
    let header = Shared.packageRoot.appending(path: "Sources/PluginAPI/Header/include/lathe.h").path
    let source = FileManager.default.temporaryDirectory.appending(path: "lathe-\(UUID().uuidString).c")
    try "#include \"\(header)\"\nint main(void) { return 0; }\n".write(
      to: source, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: source) }
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments =
      compiler.dropFirst() + [
        "-pedantic-errors", "-Wall", "-Wextra", "-Wpadded", "-Werror", "-fsyntax-only", source.path,
      ]
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(text)")
  }
}
