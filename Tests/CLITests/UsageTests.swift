import Foundation
import ModelIO
import Tensors
import TestSupport
import Testing

private let commands = [
  "compress", "plan", "eval", "generate", "tokenize", "inspect", "compare", "verify", "export", "plugins",
  "doctor",
]

@Suite struct UsageTests {
  @Test(
    "wrong use ends with status 2 and one line that says what is wrong",
    arguments: [
      ("comprss", "did you mean \"compress\"?"), ("--frobnicate", "unknown command"),
      ("help comprss", "unknown command"),
      ("compress", "--model DIR is missing"),
      ("compress --model model --recipe r.json5", "--output DIR is missing"),
      ("compress --model", "--model needs a value"),
      ("compress --model= --recipe r.json5", "--model is empty"),
      ("compress --mode model", "did you mean --model?"),
      ("compress --model a --model b", "--model is given twice"),
      ("compress --json=yes", "--json takes no value"),
      ("compress -m model", "unknown option -m"), ("compress model", "missing"),
      ("compress --model model --recipe r.json5 --output out extra", "too many arguments"),
      ("compress --model model --recipe r.json5 --output out --set keep", "KEY=VALUE"),
      ("compress --model model --recipe r.json5 --output out --seed -1", "--seed is -1"),
      ("compress --model model --recipe r.json5 --output out --threads 0", "--threads is 0"),
      ("compress --model model --recipe r.json5 --output out --threads two", "--threads is two"),
      (
        "compress --model model --recipe r.json5 --output out --isolate --isolate-memory 3",
        "--isolate-memory is 3"
      ),
      ("plugins validate r.json5 --limit 0", "--limit is 0"),
      ("eval --model model", "--text or --tokens"),
      ("eval --model model --text a --tokens b", "--text or --tokens"),
      ("eval --model model --text text.txt --logits o", "--logits goes with --tokens"),
      ("eval --model model --text text.txt --context 1", "--context is 1"),
      ("generate --model model", "--prompt or --prompt-file"),
      ("inspect", "an argument is missing"), ("inspect a b", "too many arguments"),
      ("compare a", "an argument is missing"),
      ("export --model a --format gif --output b", "choose one of dense"),
      ("verify", "an argument is missing"), ("plugins", "an argument is missing"),
      ("plugins lst", "unknown action"),
      ("plugins info", "which strategy?"), ("doctor now", "too many arguments"),
      ("tokenize --text text.txt", "--tokenizer FILE is missing"),
    ])
  func wrong(line: String, part: String) throws {
    let run = try CommandBench().lathe(line)
    #expect(run.status == 2, "\(run.errors)")
    #expect(run.errors.contains(part) && run.errors.hasPrefix("lathe: "), "\(run.errors)")
    #expect(run.errors.split(separator: "\n").count == 1 && run.output.isEmpty)
    // The help that lists what was used wrongly.
    let command = line.split(separator: " ").first.map(String.init) ?? ""
    let help = commands.contains(command) ? "lathe \(command) --help" : "lathe --help"
    #expect(run.errors.hasSuffix("see `\(help)`\n"), "\(run.errors)")
  }

  @Test("every command has a help that names each of its options once", arguments: commands)
  func help(command: String) throws {
    let bench = try CommandBench()
    let run = try bench.lathe("\(command) --help")
    #expect(run.status == 0 && run.errors.isEmpty)
    #expect(run.output.contains("usage: lathe \(command)") && run.output.contains("--help"))
    let options = run.output.split(separator: "\n").filter { $0.hasPrefix("  --") }
    let names = options.compactMap { $0.split(separator: " ").first }
    #expect(Set(names).count == names.count)
    #expect(options.allSatisfy { $0.split(separator: " ").count > 1 })
    #expect(try bench.lathe("help \(command)").output == run.output)
  }

  @Test("lathe alone, --help and --version answer with status 0")
  func top() throws {
    let bench = try CommandBench()
    let help = try bench.lathe("--help")
    #expect(help.status == 0)
    for command in commands { #expect(help.output.contains("  \(command) ")) }
    #expect(try bench.lathe("").output == help.output)
    #expect(try bench.lathe("--version").output.hasPrefix("lathe 0"))
  }
}

@Suite struct CommandTests {
  @Test("the whole way: plan, compress, verify, inspect, compare, eval, with one JSON document each")
  func everything() throws {
    let bench = try CommandBench()
    func json(_ line: String) throws -> JSON {
      let run = try bench.lathe(line)
      try #require(run.status == 0, "\(line): \(run.errors)")
      #expect(run.complaints.isEmpty)
      return try JSON(parsing: run.output)
    }
    let plan = try json("plan --model model --recipe r.json5 --json")
    #expect(plan["exact"]?.boolValue == false && plan["stages"]?.arrayValue?.count == 2)
    #expect(bench.leftovers == [])
    let report = try json("compress --model model --recipe r.json5 --output out --json")
    let size = try #require(report["size"]?["tensor_bytes_after"]?.intValue)
    #expect(report["linears"]?.arrayValue?.count == 15)
    let inspected = try json("inspect out --json")
    #expect(inspected["tensor_bytes"]?.intValue == size && inspected["provenance"]?["recipe"] != nil)
    #expect(try json("verify out --source model --json")["differences"]?.arrayValue?.isEmpty == true)
    let rows = try #require(try json("compare model out --json").arrayValue)
    #expect(rows.contains { ($0["relative_error"]?.doubleValue ?? 0) > 0 })
    let eval = try json("eval --model out --reference model --text text.txt --context 16 --json")
    let (perplexity, divergence) = (eval["perplexity"]?.doubleValue ?? 0, eval["mean_kl"]?.doubleValue ?? 0)
    #expect(perplexity > 1 && divergence > 0)
    let own = try json("eval --model model --reference model --text text.txt --context 16 --json")
    #expect(own["mean_kl"]?.doubleValue == 0 && own["top1_agreement"]?.doubleValue == 1)
    let tensor = try json("inspect out --tensor model.layers.0.mlp.up_proj --json")
    #expect(tensor["singular_values"]?.arrayValue?.count == 24)
    let found =
      try json("plugins list --json").arrayValue?.flatMap { $0["strategies"]?.arrayValue ?? [] } ?? []
    for strategy in found.compactMap({ $0["id"]?.stringValue }) {
      #expect(try json("plugins info \(strategy) --json")["id"]?.stringValue == strategy)
    }
    #expect(found.count >= 2)
  }

  @Test("standard output is the result alone; progress is on standard error")
  func streams() throws {
    let bench = try CommandBench()
    let run = try bench.compress()
    #expect(run.status == 0)
    #expect(!run.output.contains("%  in") && !run.output.contains("analyze") && !run.output.contains("\r"))
    #expect(run.errors.contains("analyze") && !run.errors.contains("\u{1b}"))
    #expect(run.output.hasPrefix("stage"))
  }

  @Test("texts for people end without trailing blanks and mention what was asked")
  func texts() throws {
    let bench = try CommandBench()
    try #require(bench.compress().status == 0)
    for line in [
      "plan --model model --recipe r.json5", "inspect out", "compare model out", "verify out", "plugins list",
      "plugins info quantize", "eval --model out --text text.txt --context 16",
      "inspect out --tensor model.norm.weight",
    ] {
      let run = try bench.lathe(line)
      #expect(run.status == 0 && !run.output.isEmpty, "\(line): \(run.errors)")
      #expect(!run.output.hasSuffix("\n\n"))
    }
  }

  @Test("eval warns of windows that are longer than the model was made for, and only of those")
  func longWindows() throws {
    let bench = try CommandBench()
    let longest = SyntheticFolder.configuration().maximumPositions
    try bench.folder.write(SyntheticFolder.text(words: 20 * longest), to: "text.txt")
    let sentence = "positions that the model was made for"
    let ids = { (count: Int) in
      Tensor(.i64, [1, count]) { $0.initializeMemory(as: UInt8.self, repeating: 0) }
    }
    for (count, isWarned) in [(longest, false), (longest + 1, true)] {
      let run = try bench.lathe("eval --model model --text text.txt --context \(count)")
      #expect(run.status == 0 && run.errors.contains("warning: --context: \(count) tokens") == isWarned)
      #expect(run.errors.contains(sentence) == isWarned && !run.output.contains(sentence), "\(run.errors)")
      try SafetensorsWriter.write(["input_ids": ids(count)], to: bench.folder.file("\(count).safetensors"))
      let given = try bench.lathe("eval --model model --tokens \(count).safetensors")
      #expect(given.status == 0 && given.errors.contains(sentence) == isWarned, "\(given.errors)")
    }
    let chosen = try bench.lathe("eval --model model --text text.txt")
    #expect(
      chosen.status == 0 && chosen.output.contains("windows of \(min(512, longest)),"), "\(chosen.output)")
    #expect(!chosen.errors.contains(sentence), "\(chosen.errors)")
  }

  @Test("tokens go to ids and back")
  func tokenize() throws {
    let bench = try CommandBench()
    try bench.folder.write("the lion\nan ëel\n", to: "t.txt")
    let whole = try bench.lathe("tokenize --tokenizer model/tokenizer.json --text t.txt --json")
    let ids = try #require(try JSON(parsing: whole.output).arrayValue?.compactMap(\.intValue))
    #expect(ids.first == 257)
    try bench.folder.write(ids.map { "\($0)" }.joined(separator: " "), to: "ids.txt")
    let back = try bench.lathe("tokenize --tokenizer model/tokenizer.json --text ids.txt --decode --json")
    #expect(try JSON(parsing: back.output) == ["the lion\nan ëel\n"])
    let lines = try bench.lathe("tokenize --tokenizer model/tokenizer.json --text t.txt --lines")
    #expect(lines.output.split(separator: "\n").count == 2)
  }

  @Test("--set and --seed change what runs; the record holds what ran")
  func overrides() throws {
    let bench = try CommandBench()
    try #require(bench.compress("--set stages.1.bits=3 --seed 41").status == 0)
    let record = try JSON(
      parsing: String(decoding: try #require(bench.folder.contents(of: "out")["lathe.json"]), as: UTF8.self))
    #expect(record["recipe"]?["seed"]?.intValue == 41)
    #expect(record["recipe"]?["stages"]?.arrayValue?[1]["bits"]?.intValue == 3)
  }

  @Test("a changed folder is found by verify, with status 3")
  func difference() throws {
    let bench = try CommandBench()
    try #require(bench.compress().status == 0)
    try bench.folder.write("{}", to: "out/tokenizer.json")
    let run = try bench.lathe("verify out")
    #expect(run.status == 3 && run.output.contains("tokenizer.json"))
  }
}
