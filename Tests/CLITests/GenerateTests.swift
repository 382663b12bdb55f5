import Foundation
import Glibc
import ModelIO
import Tensors
import TestSupport
import Testing

/// `lathe generate` on a tiny model whose tokenizer has one token a byte.
@Suite struct GenerateTests {
  private static let line = "generate --model model --max-tokens 20"

  @Test("text goes to standard output and rates to standard error; threads change no byte")
  func text() throws {
    let bench = try CommandBench()
    for more in [[], ["--temperature", "1.1", "--top-k", "50", "--top-p", "0.9", "--seed", "7"]] {
      let runs = try ["1", "2", "5"].map { threads in
        try bench.lathe(
          Self.line.split(separator: " ").map(String.init) + ["--prompt", "the loin", "--threads", threads]
            + more)
      }
      for run in runs {
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output == runs[0].output && run.output.hasSuffix("\n"))
        #expect(run.errors.contains("prompt      4 tokens") && run.errors.contains("generation  20 tokens"))
      }
    }
    #expect(bench.leftovers.isEmpty)
  }

  @Test("a compressed folder generates, and --json is one document with the same text")
  func json() throws {
    let bench = try CommandBench()
    #expect(try bench.compress().status == 0)
    let plain = try bench.lathe("generate --model out --prompt-file text.txt --max-tokens 9 --threads 1")
    #expect(plain.status == 1 && plain.errors.contains("128 positions"), "\(plain.errors)")
    try bench.folder.write("Anne wa", to: "p.txt")
    let text = try bench.lathe("generate --model out --prompt-file p.txt --max-tokens 9")
    let run = try bench.lathe("generate --model out --prompt-file p.txt --max-tokens 9 --json")
    #expect(run.status == 0 && run.complaints.isEmpty, "\(run.errors)")
    let document = try JSON(parsing: run.output)
    #expect(document["text"]?.stringValue.map { $0.hasSuffix("\n") ? $0 : $0 + "\n" } == text.output)
    #expect(document["tokens"]?.arrayValue?.count == 9)
    #expect(document["ending"] == "length")
    #expect(document["generation"]?["steps"] == 8)
    #expect(try #require(document["generation"]?["tokens_per_second"]?.doubleValue) > 0)
  }

  @Test("the end token of either configuration ends the text")
  func endTokens() throws {
    let bench = try CommandBench()
    let free = try JSON(
      parsing: bench.lathe("generate --model model --prompt q --max-tokens 8 --json").output)
    let tokens = try #require(free["tokens"]?.arrayValue).compactMap(\.intValue)
    let end = try #require(tokens.last)
    for (value, status) in [("\(end)", Int32(0)), ("[3, \(end)]", 0), ("null", 0), ("\"</s>\"", 1)] {
      try bench.folder.write("{\"eos_token_id\": \(value)}", to: "model/generation_config.json")
      let run = try bench.lathe("generate --model model --prompt q --max-tokens 8 --json")
      #expect(run.status == status, "\(run.errors)")
      guard status == 0 else {
        #expect(run.errors.contains("eos_token_id"))
        continue
      }
      let found = try JSON(parsing: run.output)
      #expect(found["ending"] == (value == "null" ? "length" : "end_token"))
      let count = value == "null" ? 8 : tokens.firstIndex(of: end)
      #expect(found["tokens"]?.arrayValue?.count == count)
    }
  }

  @Test("what cannot be continued is refused with one sentence")
  func refusals() throws {
    let bench = try CommandBench()
    try bench.folder.write("", to: "empty.txt")
    try bench.folder.write([0xFF, 0xFE], to: "bytes.txt")
    let own = ["bytes.txt", "empty.txt"]
    try bench.expectRefusal(
      "the prompt is empty", arguments: "generate --model model --prompt-file empty.txt", leftovers: own)
    try bench.expectRefusal(
      "not valid UTF-8", arguments: "generate --model model --prompt-file bytes.txt", leftovers: own)
    try bench.expectRefusal(
      "made for 128 positions", arguments: "generate --model model --prompt-file text.txt", leftovers: own)
    try bench.expectRefusal(
      "nowhere", arguments: "generate --model nowhere --prompt a", leftovers: own)
    for usage in [
      "generate --model model", "generate --model model --prompt a --prompt-file text.txt",
      "generate --model model --prompt a --top-k 3", "generate --model model --prompt a --temperature -1",
      "generate --model model --prompt a --temperature nan",
      "generate --model model --prompt a --max-tokens 0",
      "generate --model model --prompt a --temperature 1 --top-p 1.5",
    ] {
      let run = try bench.lathe(usage)
      #expect(run.status == 2 && run.complaints.count == 1, "\(run.errors)")
    }
    try FileManager.default.removeItem(atPath: bench.folder.file("model/tokenizer.json"))
    try bench.expectRefusal(
      "has no tokenizer.json", arguments: "generate --model model --prompt a", leftovers: own)
  }

  @Test("weights that are not numbers are an error and no text")
  func nonFinite() throws {
    let bench = try CommandBench { tensors in
      let name = "model.layers.1.mlp.down_proj.weight"
      let shape = tensors[name]?.shape ?? []
      let values = [Float](repeating: .infinity, count: shape.reduce(1, *))
      tensors[name] = try Tensor(shape, values).converted(to: .bf16)
    }
    try bench.expectRefusal(
      "logit that is NaN or infinite", arguments: "generate --model model --prompt abc")
  }

  @Test("a text beyond the context goes on, with one warning")
  func context() throws {
    let bench = try CommandBench()
    let run = try bench.lathe("generate --model model --prompt abc --max-tokens 140")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.errors.components(separatedBy: "longer than the 128 positions").count == 2, "\(run.errors)")
  }

  @Test("Ctrl-C ends with status 130 after the text so far")
  func interruption() throws {
    let bench = try CommandBench()
    let run = try bench.lathe(["generate", "--model", "model", "--prompt", "abc", "--max-tokens", "1000000"])
    {
      process in
      usleep(700_000)
      kill(process.processIdentifier, SIGINT)
    }
    #expect(run.status == 130, "\(run.errors)")
    #expect(run.complaints == ["lathe: interrupted"], "\(run.errors)")
    #expect(run.output.hasSuffix("\n") && run.errors.contains("tokens/s"))
  }
}
