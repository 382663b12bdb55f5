import Foundation
import ModelIO
import TestSupport
import Testing
import Validator

/// `lathe plugins validate` as people and scripts use it.
@Suite struct ValidateCommandTests {
  private func validate(_ words: [String]) throws -> ChildProcess {
    try ChildProcess.run(BuildFolder.lathe, ["plugins", "validate"] + words)
  }

  @Test("the plugins that ship with Lathe pass", arguments: BuildFolder.plugins)
  func inTree(path: String) throws {
    let groups = ["binary", "module", "descriptor", "graph", "statistics", "floating-point"]
    // What learns would learn for minutes.
    let short = ["steps=4", "interval=2", "curvature_windows=2"].flatMap { ["--set", $0] }
    let settings = path.hasSuffix("libSoCo.so") ? short : []
    let run = try validate([path] + groups.flatMap { ["--only", $0] } + settings)
    #expect(run.status == 0, "\(run.output)")
  }

  @Test(
    "the examples as they were built for ABI 1.0 pass every case",
    .disabled(if: ReleasedPlugins.names.isEmpty, "no plugins of ABI 1.0 are kept for this processor"),
    arguments: ["asvd.so", "fwsvd.so", "round_bits.so", "wanda.so"])
  func released(name: String) throws {
    let run = try validate([ReleasedPlugins.path(name)])
    #expect(run.status == 0, "\(run.output)")
  }

  @Test(
    "parameters that need younger services of the host are validated with --set",
    arguments: [
      ("Quantize", ["method=awq"]), ("Quantize", ["method=awq", "residual_rank=2"]),
      ("Quantize", ["method=gptq"]), ("Quantize", ["method=nf4"]),
      ("AdaSVD", ["target=shifted", "stack=2"]),
    ] as [(String, [String])])
  func parameters(name: String, values: [String]) throws {
    let run = try validate(
      [BuildFolder.plugin(name), "--json"] + values.flatMap { ["--set", $0] }
        + ["graph", "numerics", "statistics", "completes-a-run", "forecast-is-kept"].flatMap {
          ["--only", $0]
        })
    let cases = try JSON(parsing: run.output)["cases"]?.arrayValue ?? []
    #expect(run.status == 0 && !cases.isEmpty, "\(run.output)")
    let skipped = cases.filter { $0["verdict"]?.stringValue == "skip" }
    var notAsked = ["meets-its-budget", "uses-its-budget", "head-outside-blocks"]
    // What is codes already stays as it is, and no rank is cut.
    if name == "Quantize" { notAsked += ["quantized-layers", "codebook-layers", "as-good-as-plain-svd"] }
    for item in skipped { #expect(notAsked.contains(item["case"]?.stringValue ?? ""), "\(item.text())") }
  }

  @Test("a strategy of a library of two is put to the test on the layers that it takes, which are products")
  func products() throws {
    let words = ["steps=4", "interval=2", "curvature_windows=2"].flatMap { ["--set", $0] }
    let run = try validate(
      [
        BuildFolder.plugin("SoCo"), "--json", "--only", "replaces-a-layer", "--only",
        "polls-for-cancellation", "--only", "same-bytes-twice",
      ]
        + words)
    let document = try JSON(parsing: run.output)
    #expect(document["layers"]?["soco"]?.stringValue == "dense")
    #expect(document["layers"]?["recover"]?.stringValue == "factored")
    let verdicts = (document["cases"]?.arrayValue ?? []).compactMap { $0["verdict"]?.stringValue }
    #expect(verdicts == ["pass", "pass", "pass"], "\(run.output)")
  }

  @Test("the list of cases is in docs/PLUGINS.md, with the rule of each")
  func documented() throws {
    let page = try String(contentsOf: Shared.packageRoot.appending(path: "docs/PLUGINS.md"), encoding: .utf8)
    let section = try #require(page.split(separator: "\n## ").first { $0.hasPrefix("Validating") })
    let rows = section.split(separator: "\n").filter { $0.hasPrefix("| `") }
    #expect(
      rows.map(String.init)
        == ValidationCase.Group.allCases.flatMap { group in
          ValidationCase.all.filter { $0.group == group }.map { "| `\($0.name)` | \($0.rule) |" }
        })
  }

  @Test(
    "wrong use is told with exit status 2",
    arguments: [
      (["/no/such/file.so"], "cannot be read"), ([], "which library"),
      (["--only", "keeps-quiet", "/bin/sh"], "no case or group"),
      (["--only", "binary", "--skip", "binary", "/bin/sh"], "leave no case"),
      (["--limit", "0", "/bin/sh"], "at least 1"),
    ] as [([String], String)])
  func usage(words: [String], part: String) throws {
    let run = try validate(words)
    #expect(run.status == 2 && run.errors.contains(part), "\(run.errors)")
  }

  @Test(
    "what --set says is held against the declarations before any case runs",
    arguments: [
      ("nope=1", "has no parameter \"nope\""), ("modes=plain", "did you mean \"mode\"?"),
      ("amount=2.5", "must be an integer, 0 to 10"), ("amount=11", "is 11; it must be an integer, 0 to 10"),
      ("strength=abc", "must be a number, 0.5 to 2.0"), ("strength= 1", "must be in 0.5 ... 2.0"),
      ("mode=scale", "did you mean \"scaled\"?"), ("mode=", "must be one of plain | scaled"),
    ])
  func settings(word: String, part: String) throws {
    for words in [["--only", "binary"], ["--only", "replaces-a-layer", "--json"]] {
      let run = try Zoo.process("keeps-every-rule", ["--set", word] + words)
      #expect(
        run.status == 2 && run.output.isEmpty && run.errors.contains(part), "\(run.output)\(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }
    let sound = ["amount=10", "strength=1", "mode=scaled"].flatMap { ["--set", $0] }
    #expect(try Zoo.process("keeps-every-rule", sound + ["--only", "replaces-a-layer"]).status == 0)
  }

  @Test("options of validate are refused elsewhere")
  func elsewhere() throws {
    let run = try ChildProcess.run(BuildFolder.lathe, ["plugins", "list", "--only", "binary"])
    #expect(run.status == 2 && run.errors.contains("--only is for"), "\(run.errors)")
  }

  @Test("a file that is no library fails in one case, and the others do not apply")
  func noLibrary() throws {
    let folder = TestFolder()
    let path = try folder.write("not a library", to: "text.so")
    let run = try validate([path, "--only", "binary", "--only", "descriptor", "--json"])
    let cases = try JSON(parsing: run.output)["cases"]?.arrayValue ?? []
    #expect(run.status == 3)
    for item in cases {
      let isLoading = item["case"]?.stringValue == "loads-with-all-symbols"
      let verdict = item["verdict"]?.stringValue
      #expect(isLoading ? verdict == "fail" : verdict == "skip" || verdict == "pass", "\(item.text())")
    }
  }

  @Test("--json gives one document with every case, --list every rule")
  func json() throws {
    let path = BuildFolder.plugin("Quantize")
    let run = try validate([path, "--only", "descriptor", "--json", "--seed", "7"])
    let document = try JSON(parsing: run.output)
    #expect(document["passed"]?.boolValue == true && document["seed"]?.intValue == 7)
    #expect(
      document["cases"]?.arrayValue?.count == ValidationCase.all.filter { $0.group == .descriptor }.count)
    let list = try JSON(parsing: try validate(["--list", "--json"]).output).arrayValue ?? []
    #expect(list.compactMap { $0["case"]?.stringValue } == ValidationCase.all.map(\.name))
  }

  @Test("a trace has the calls in both directions, by case")
  func trace() throws {
    let folder = TestFolder()
    let path = folder.file("trace.json")
    let run = try validate([BuildFolder.plugin("Quantize"), "--only", "completes-a-run", "--trace", path])
    #expect(run.status == 0)
    let text = String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    let events = try JSON(parsing: text)["traceEvents"]?.arrayValue ?? []
    let names = Set(events.compactMap { $0["name"]?.stringValue })
    #expect(
      names.isSuperset(of: ["process_name", "create", "plan", "replace_linear", "compress of block 1"]))
    #expect(folder.names() == ["trace.json"])
  }
}
