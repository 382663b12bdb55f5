import Foundation
import Glibc
import TestSupport
import Testing

@testable import PluginHost

@Suite struct PluginLoadingTests {
  @Test("every built plugin loads, with an id, a summary and parameters that take their defaults")
  func builtPlugins() throws {
    try #require(BuildFolder.plugins.count >= 2, "no plugins in \(BuildFolder.path)")
    for path in BuildFolder.plugins {
      let library = try PluginLibrary(path: path)
      #expect(library.warnings == [])
      for info in library.strategies {
        #expect(!info.id.isEmpty && !info.summary.isEmpty && !info.version.isEmpty)
        #expect(complaint { try ParameterValues([:], for: info) } == nil)
      }
    }
  }

  @Test("a built plugin exports lathe_entry and nothing else")
  func exports() throws {
    for path in BuildFolder.plugins {
      let run = try ChildProcess.run("/usr/bin/env", ["nm", "-D", "--defined-only", path])
      try #require(run.status == 0, "\(run.errors)")
      let symbols = run.output.split(separator: "\n").compactMap { $0.split(separator: " ").last }
      #expect(symbols == ["lathe_entry"], "\(path)")
    }
  }

  @Test("a file that is no library, a missing one, and a folder are refused with their path")
  func noLibrary() throws {
    let folder = TestFolder()
    let text = try folder.write("not a library", to: "notes.so")
    #expect(complaint { try PluginLibrary(path: text) }?.contains(text) == true)
    let missing = complaint { try PluginSearch(explicit: [folder.file("nothing.so")]) }
    #expect(missing?.contains("there is no such file") == true)
    // A folder is searched; what cannot be used in it is noted and no error.
    let search = try PluginSearch(explicit: [folder.path])
    let note = search.candidates.first { $0.path.hasSuffix("/notes.so") }
    #expect(note != nil && note?.library == nil && note?.note?.contains("notes.so") == true)
    #expect(complaint { try PluginSearch(explicit: [text]) }?.contains("cannot be used as a plugin") == true)
  }

  @Test(
    "a library that is cut off anywhere is refused before the loader sees it",
    .enabled(if: CCompiler.path != nil))
  func cutOff() throws {
    let folder = TestFolder()
    let whole = try Data(contentsOf: URL(filePath: CCompiler.plugin("keeps_every_rule", into: folder)))
    for count in Set([64, 100, 3000, whole.count / 2, whole.count - 1]) {
      let path = try folder.write(whole.prefix(count), to: "cut.so")
      let text = complaint { try PluginLibrary(path: path) } ?? ""
      #expect(text.contains("is cut off: \(count) bytes"), "\(text)")
      if count >= 3000 { #expect(text.contains("headers speak of \(whole.count)"), "\(text)") }
    }
    // Below the size of the header, and of another class, the loader says what it always said.
    var other = whole.prefix(3000)
    other[4] = 1
    for bytes in [whole.prefix(0), whole.prefix(20), whole.prefix(63), other] {
      let text = complaint { try PluginLibrary(path: folder.write(bytes, to: "cut.so")) } ?? ""
      #expect(text.contains("cut.so") && !text.contains("cut off") && !text.isEmpty, "\(text)")
    }
  }

  @Test("headers of any content are read within the file", .enabled(if: CCompiler.path != nil))
  func headers() throws {
    let folder = TestFolder()
    let whole = try Data(contentsOf: URL(filePath: CCompiler.plugin("keeps_every_rule", into: folder)))
    // Every field of the ELF header and of the first program header, all bits set.
    for place in 16..<120 {
      for width in [1, 2, 4, 8] {
        for count in [64, 120, 121, whole.count] where place < count {
          var bytes = whole.prefix(count)
          for index in place..<min(place + width, count) { bytes[index] = 0xff }
          _ = bytes.withUnsafeBytes { ElfExtent.needed(by: $0) }
        }
      }
    }
    #expect(whole.withUnsafeBytes { ElfExtent.needed(by: $0) } == UInt64(whole.count))
    var far = whole
    far.replaceSubrange(40..<48, with: repeatElement(0xff, count: 8))
    #expect(far.withUnsafeBytes { ElfExtent.needed(by: $0) } == .max)
  }

  @Test("a pipe in place of a library is refused at once, and noted in a folder", .timeLimit(.minutes(1)))
  func pipe() throws {
    let folder = TestFolder()
    let pipe = folder.file("pipe.so")
    #expect(mkfifo(pipe, 0o600) == 0)
    for body in [{ _ = try PluginSearch(explicit: [pipe]) }, { _ = try TrustList.entry(of: pipe) }] {
      let text = complaint(body) ?? ""
      #expect(text.contains(pipe) && text.contains("is not a regular file"), "\(text)")
    }
    let search = try PluginSearch(explicit: [folder.path])
    #expect(search.candidates.first { $0.path == pipe }?.note?.contains("is not a regular file") == true)
  }

  @Test(
    "a library that breaks a rule of the entry is refused with the rule", .enabled(if: CCompiler.path != nil),
    arguments: [
      ("no_entry", "does not export lathe_entry"), ("null_entry", "returned NULL"),
      ("other_major", "built for plugin ABI 2.0, this host has 1.0"), ("newer_minor", "needs host ABI 1.1"),
      ("small_module", "module table has 16 bytes"), ("small_strategy", "its table is too small"),
      ("no_strategies", "0 strategies"), ("bad_id", "Test Plugin"), ("no_summary", "summary"),
      ("bad_text", "not valid UTF-8"), ("duplicate_parameter", "the parameter amount twice"),
      ("reserved_key", "belongs to the host"), ("bad_key", "Some Note"), ("no_default", "neither a default"),
      ("bad_default", "99"),
    ])
  func refused(name: String, part: String) throws {
    let bench = try PluginBench()
    let path = try CCompiler.plugin(name, into: bench.folder)
    let text = try #require(complaint { try PluginLibrary(path: path) })
    #expect(text.contains(part) && text.contains("\(name).so"), "\(text)")
  }

  @Test("the plugin the broken ones are made from loads", .enabled(if: CCompiler.path != nil))
  func sound() throws {
    let bench = try PluginBench()
    let library = try bench.library("keeps_every_rule")
    #expect(library.strategies.map(\.id) == ["test-plugin"])
    #expect(library.abi == "1.0" && library.vendor == "Tests" && library.warnings == [])
    #expect(library.strategies[0].parameters.map(\.key) == ["amount", "note"])
  }

  @Test(
    "denormals stay on for whoever loads a library that switches them off",
    .enabled(if: CCompiler.path != nil))
  func floatEnvironmentOnLoad() throws {
    let bench = try PluginBench()
    let before = FloatMode.current
    let library = try bench.library("flushes_on_load")
    #expect(FloatMode.current == before)
    #expect(FloatMode.halvesSmallest)
    #expect(library.warnings.first?.contains("floating-point") == true)
  }

  @Test("denormals stay on after a call that switches them off", .enabled(if: CCompiler.path != nil))
  func floatEnvironmentInCall() throws {
    let bench = try PluginBench()
    let before = FloatMode.current
    _ = try bench.compress("flushes_in_call")
    #expect(FloatMode.current == before)
    #expect(FloatMode.halvesSmallest)
  }

  @Test("the first library with an id wins and the others are noted", .enabled(if: CCompiler.path != nil))
  func order() throws {
    let folder = TestFolder()
    let first = try CCompiler.plugin("keeps_every_rule", into: folder)
    let second = try CCompiler.plugin("fails", into: folder)
    let search = try PluginSearch(explicit: [second, first])
    #expect(try search.strategy("test-plugin").library.path == second)
    let note = search.candidates.first { $0.path == first }?.note
    #expect(note?.contains("already taken") == true)
  }

  @Test("an unknown strategy is answered with the known ones and the nearest")
  func unknown() throws {
    let search = try PluginSearch(explicit: BuildFolder.plugins)
    let text = try #require(complaint { try search.strategy("quantise") })
    #expect(text.contains("did you mean \"quantize\"?") && text.contains("svdllm-v2"))
  }
}

/// The thread's floating-point control bits.
private enum FloatMode {
  static var current: UInt32 {
    var environment = fenv_t()
    fegetenv(&environment)
    return environment.__mxcsr & 0xffc0
  }

  /// Whether half of the smallest normal number is not zero.
  static var halvesSmallest: Bool {
    var smallest = Float.leastNormalMagnitude
    return withUnsafeMutablePointer(to: &smallest) { pointer in pointer.pointee * 0.5 != 0 }
  }
}
