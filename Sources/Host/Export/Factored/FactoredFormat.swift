import Graph
import ModelIO
import Tensors

/// A Hugging Face folder of factors with the file that teaches `transformers` to run them (`trust_remote_code`).
struct FactoredFormat: ExportFormat {
  let name = "factored-hf"
  let summary = "Hugging Face folder of factors with a small modelling file for transformers"
  let place = ExportPlace.folder()
  let holdsFactors = true

  func check(_ subject: ExportSubject) throws(ExportError) -> [String] {
    for node in subject.nodes {
      for factor in subject.forms[node.index].terms.joined() {
        try ModellingFile.check(factor, of: node, format: name)
      }
    }
    return []
  }

  func write(_ source: ExportSource, to path: String) throws(ExportError) {
    var folder = try ExportFolder(source)
    for node in source.subject.nodes {
      let linear = try source.linear(node)
      for (name, tensor) in linear.storedTensors where name != "bias" {
        folder.add("\(node.name).\(name)", tensor)
      }
    }
    folder.addModellingFile(source.subject.forms)
    try folder.write(into: path)
  }
}

extension ExportFolder {
  /// Adds the modelling file and what it reads from `config.json`, where a layer is not one dense matrix.
  mutating func addModellingFile(_ forms: [LinearForm]) {
    let nodes = source.subject.nodes.map { (name: $0.name, form: forms[$0.index]) }
    guard let factors = FactorLayout.modellingJSON(nodes) else { return }
    let architecture = source.subject.configuration.architecture
    let file = ModellingFile(architecture: architecture)
    configuration["architectures"] = ["LatheForCausalLM"]
    configuration["model_type"] = .string(FactorLayout.modelTypePrefix + architecture)
    configuration["auto_map"] = .object(
      JSONObject(file.classes.map { ($0, .string("\(ModellingFile.module).\($1)")) }))
    configuration[FactorLayout.modellingKey] = factors
    texts.append((name: "\(ModellingFile.module).py", text: file.text))
  }
}
