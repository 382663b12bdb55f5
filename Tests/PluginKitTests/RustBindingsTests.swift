import Foundation
import TestSupport
import Testing

/// `lathe.rs`, which the Rust template and the Rust examples share, is lathe.h as a whole. What it says of sizes and
/// places cargo holds against the structs themselves; here it is held against the header and the released layout.
@Suite struct RustBindingsTests {
  private static func text(_ path: String) throws -> String {
    try String(contentsOf: Shared.packageRoot.appending(path: path), encoding: .utf8)
  }
  private static var bindings: String {
    get throws { try text("examples/plugins/wanda-rust/src/lathe.rs") }
  }

  @Test("the Rust bindings assert every struct's size and every field's place, as version 1.0 put them")
  func layout() throws {
    let block = try #require(try Self.bindings.firstMatch(of: /\nlayout! \{\n([^}]*)\}/)).1
    var lines: [String] = []
    for entry in block.matches(of: /(lathe_\w+) (\d+): ([^;]*);/) {
      for field in entry.3.matches(of: /(?:r#)?(\w+)\s+(\d+)\s+(\d+)/) {
        lines.append("\(entry.1) \(field.1) \(field.2) \(field.3)")
      }
      lines.append("\(entry.1) sizeof 0 \(entry.2)")
    }
    let released = try Self.text("Tests/Golden/lathe-1.0.layout").split(separator: "\n").map(String.init)
    #expect(released.count > 100 && lines == released)
  }

  @Test("the Rust bindings have every constant and every service of the header, with its value")
  func constants() throws {
    let header = try Self.text("Sources/PluginAPI/Header/include/lathe.h")
    let bindings = try Self.bindings
    let constants = header.matches(of: /\bLATHE_([A-Z0-9_]+) = (\d+)/)
    #expect(constants.count > 50)
    for constant in constants {
      let line = try Regex("\\npub const \(constant.1): \\w+ = \(constant.2);")
      #expect(bindings.contains(line), "\(constant.0)")
    }
    let services = header.matches(of: /#define LATHE_(EXT_[A-Z]+) ("[^"]+")/)
    #expect(services.count == 10)
    for service in services {
      #expect(bindings.contains("\npub const \(service.1): &CStr = c\(service.2);"), "\(service.0)")
    }
  }

  @Test("no struct of the Rust bindings that may grow can be copied")
  func copies() throws {
    let copied = try Self.bindings.matches(of: /derive\([^)]*\)\]\npub struct (\w+)/).map { String($0.1) }
    // Both have no struct_size: the header fixes them.
    #expect(Set(copied) == ["lathe_dtype", "lathe_factor_ref"])
  }

  @Test("functions of the Rust bindings take as many arguments as those of the header")
  func arguments() throws {
    let header = try Self.text("Sources/PluginAPI/Header/include/lathe.h")
    let bindings = try Self.bindings
    var count = 0
    for function in header.matches(of: /\(\*(\w+)\)\(([^;]*?)\)(?:;| )/)
    where function.2.contains("lathe_host *host") {
      // A function that is an argument counts as one.
      let list = function.2.replacing(/\(\*\w+\)\([^)]*\)/, with: "body")
      let pattern = try Regex<(Substring, Substring)>(
        "\\n    pub \(function.1):\\s+(?:Option<)?unsafe extern \"C\" fn\\(((?:[^()]|\\([^()]*\\))*)\\)")
      guard let found = bindings.firstMatch(of: pattern) else { continue }
      let given = found.1.replacing(/\([^()]*\)/, with: "")
      let own = given.split(separator: ",").filter { !$0.allSatisfy(\.isWhitespace) }
      #expect(own.count == list.split(separator: ",").count, "\(function.1)")
      count += 1
    }
    #expect(count > 35, "\(count)")
  }
}
