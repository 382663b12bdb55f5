import Foundation
import TestSupport
import Testing

/// `lathe plugins new`.
@Suite struct NewPluginTests {
  @Test(
    "a new project holds no word of the example it was made from", arguments: ["c", "cpp", "rust", "swift"])
  func renamed(language: String) throws {
    let bench = try CommandBench()
    let run = try bench.lathe("plugins new my-method --language \(language)")
    #expect(run.status == 0 && run.output.contains("plugins validate"), "\(run.errors)")
    let root = bench.folder.file("my-method")
    let paths = try FileManager.default.subpathsOfDirectory(atPath: root)
    #expect(Set([".gitignore", "README.md", "recipe.json5"]).isSubset(of: paths))
    for path in paths {
      let text = (try? String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)) ?? ""
      for word in ["round-bits", "round_bits", "RoundBits", "Round bits", "../../"] {
        #expect(!path.contains(word) && !text.contains(word), "\(path)")
      }
    }
  }

  @Test("new projects build without a warning, and those of all languages write the same bytes")
  func working() throws {
    let bench = try CommandBench()
    var results: [[String: Data]] = []
    // A dot in the name is one of the id and of nothing else.
    for (language, tool) in [("c", "cc"), ("cpp", "c++"), ("rust", "cargo")] where Toolchain.has(tool) {
      let made = try bench.lathe("plugins new my.own-method --language \(language) --output \(language)")
      try #require(made.status == 0, "\(made.errors)")
      let library = try Toolchain.build(bench.folder.file(language))
      let run = try bench.lathe(
        "compress --model model --recipe \(language)/recipe.json5 --plugin \(library) --output out-\(language)"
      )
      try #require(run.status == 0, "\(run.errors)")
      var files = bench.folder.contents(of: "out-\(language)")
      // Names the library by its hash.
      files["lathe.json"] = nil
      results.append(files)
    }
    #expect(results.allSatisfy { $0 == results.first && !$0.isEmpty })
  }

  @Test(
    "what cannot be made is refused with a sentence, and nothing is written",
    arguments: [
      ("new", "which name?"), ("new my-method", "--language is missing"),
      ("new my-method --language go", "--language is go; it must be one of c, cpp, rust, swift"),
      ("new Method --language c", "lower-case"), ("new ../x --language c", "lower-case"),
      ("new a--b --language c", "lower-case"), ("new 3d --language c", "lower-case"),
      ("new a.-b --language c", "lower-case"), ("new .a --language c", "lower-case"),
      ("new quantize --language c", "already a strategy"), ("new model --language c", "exists already"),
      ("new a --language c --output no/where", "does not exist"), ("list --language c", "plugins new"),
    ])
  func refused(line: String, part: String) throws {
    let bench = try CommandBench()
    let run = try bench.lathe("plugins \(line)")
    #expect(run.status != 0 && run.errors.contains(part), "\(run.errors)")
    #expect(run.complaints.count == 1 && run.output.isEmpty && bench.leftovers == [])
  }
}
