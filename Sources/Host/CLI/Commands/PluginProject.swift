import CTemplates
import Foundation

/// A new plugin's files: those of the example `round-bits` under another name.
struct PluginProject {
  enum Language: String, CaseIterable { case c, cpp, rust, swift }

  let name: String
  let language: Language
  /// The checkout of Lathe that a Swift package depends on.
  let checkout: String

  /// Whether `name` can be a strategy's id and, with other separators, a file, a crate and a Swift module: words of
  /// letters and digits with a hyphen or a dot between them.
  static func isValid(name: String) -> Bool {
    let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    let separators: Set = [UInt8(ascii: "-"), UInt8(ascii: ".")]
    let words = name.utf8.split(omittingEmptySubsequences: false, whereSeparator: separators.contains)
    guard let first = name.utf8.first, letters.contains(first), name.utf8.count <= 64 else { return false }
    return words.allSatisfy { word in
      !word.isEmpty && word.allSatisfy { letters.contains($0) || digits.contains($0) }
    }
  }

  /// Paths within the project and texts.
  var files: [(path: String, text: String)] {
    var files: [(path: String, text: String)] = []
    var index = 0
    while let template = lathe_template_at(index)?.pointee {
      index += 1
      guard String(cString: template.language) == language.rawValue else { continue }
      let bytes = UnsafeRawBufferPointer(start: template.text, count: template.length)
      let text = String(decoding: bytes, as: UTF8.self)
      files.append((renamed(String(cString: template.path)), renamed(text)))
    }
    return files
  }

  /// What the plugin's library will be, from the project's folder.
  var library: String {
    switch language {
    case .c, .cpp: "\(snake).so"
    case .rust: "target/release/lib\(snake)_plugin.so"
    case .swift: ".build/release/lib\(pascal)Plugin.so"
    }
  }

  var build: String {
    switch language {
    case .c, .cpp: "make"
    case .rust: "cargo build --release"
    case .swift: "swift build -c release"
    }
  }

  private var words: [Substring] { name.split { $0 == "-" || $0 == "." } }
  private var snake: String { words.joined(separator: "_") }
  private var pascal: String { words.map(\.capitalized).joined() }
  private var title: String {
    words.joined(separator: " ").prefix(1).uppercased() + words.joined(separator: " ").dropFirst()
  }

  /// What stands for what. Of two that begin at one place the first is taken.
  private var replacements: [(String, String)] {
    [
      ("example.round-bits", name), ("round-bits", words.joined(separator: "-")), ("round_bits", snake),
      ("RoundBits", pascal),
      ("Round bits", title), ("Lathe examples", "your name"),
      ("-I../../../Sources/PluginAPI/Header/include", "-I."),
      ("../../../Sources/PluginAPI/Header/include/lathe.h", "lathe.h"),
      ("path: \"../../..\"", "path: \(checkout.debugDescription)"),
    ]
  }

  /// One pass, so that a name which contains a word to be replaced does no harm.
  private func renamed(_ text: String) -> String {
    var result = ""
    var rest = text[...]
    while !rest.isEmpty {
      let found = replacements.compactMap { word, new in
        rest.range(of: word).map { (range: $0, new: new) }
      }.min { $0.range.lowerBound < $1.range.lowerBound }
      guard let found else { break }
      result += rest[..<found.range.lowerBound] + found.new
      rest = rest[found.range.upperBound...]
    }
    return result + rest
  }
}
