/// One GGUF file, which `llama.cpp` and what is built on it load.
struct GGUFFormat: ExportFormat {
  let name = "gguf"
  let summary = "one GGUF file for llama.cpp: llama, mistral, qwen2, qwen3; with its tokenizer"
  let place = ExportPlace.file
  let holdsFactors = false
  var types: [String] { GGUFType.allCases.map { $0.name.lowercased() } }
  var embeddingTypes: [String] { types }

  func check(_ subject: ExportSubject) throws(ExportError) -> [String] { try GGUFPlan(subject).warnings }

  func write(_ source: ExportSource, to path: String) throws(ExportError) {
    try GGUFExport(source, plan: try GGUFPlan(source.subject)).write(to: path)
  }
}
