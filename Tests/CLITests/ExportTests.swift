import Foundation
import TestSupport
import Testing

@Suite struct ExportCommandTests {
  @Test("export refuses in one line and writes nothing, or writes and says what")
  func export() throws {
    let bench = try CommandBench()
    #expect(try bench.compress().status == 0)
    try bench.expectRefusal(
      "model.layers.0.self_attn.q_proj is stored as", "--remultiply",
      arguments: "export --model out --format dense --output plain", leftovers: ["out"])
    try bench.expectRefusal(
      "16", "do not divide", arguments: "export --model out --format compressed-tensors --output ct",
      leftovers: ["out"])
    try bench.expectRefusal(
      "exists already", "--force", arguments: "export --model out --format factored-hf --output model",
      leftovers: ["out"])
    let run = try bench.lathe("export --model out --format dense --output plain --remultiply --json")
    #expect(run.status == 0 && run.output.contains("\"format\": \"dense\""), "\(run.errors)")
    #expect(bench.folder.names(in: "plain") == ["config.json", "model.safetensors", "tokenizer.json"])
    #expect(try bench.lathe("inspect plain").status == 0)
  }
}
