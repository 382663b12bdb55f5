import Export
import Foundation
import Graph
import LinearAlgebra
import ModelIO
import Pipeline
import PluginHost
import Runtime
import Tensors

/// `lathe inspect`
enum InspectCommand: Command {
  static let name = "inspect"
  static let operandUsage = "DIR|FILE.gguf"
  static let operands = 1...1
  static let summary = "show a model's layers, factors, ranks, bits and history"
  static let options: [Option] = [
    .value("tensor", "NAME", "one tensor or layer: type, shape, values and singular values"),
    .value("values", "FILE", "of a GGUF file: also write what its tensors decode to, as F32 safetensors"),
    .threads, .json,
  ]

  static func run(_ arguments: Arguments, _ session: Session) throws -> ExitStatus {
    if GGUFListing.applies(to: arguments.operands[0]) { return try runGGUF(arguments, session) }
    guard !arguments.has("values") else {
      throw UsageError("--values is for GGUF files")
    }
    let checkpoint = try Checkpoint(directory: arguments.operands[0])
    if let name = arguments["tensor"] {
      let details = try TensorDetails(name, in: checkpoint, workers: session.workers)
      session.isJSON ? session.print(details.json) : session.print(details.text)
      return .done
    }
    session.isJSON ? session.print(json(checkpoint)) : session.print(text(checkpoint))
    return .done
  }

  private static func runGGUF(_ arguments: Arguments, _ session: Session) throws -> ExitStatus {
    guard !arguments.has("tensor") else {
      throw UsageError(
        "--tensor is for model folders; --values gives all of a GGUF file")
    }
    let listing = try GGUFListing(path: arguments.operands[0])
    if let path = arguments["values"] {
      guard !FileManager.default.fileExists(atPath: path) else {
        throw ModelIOError.output(path: path, .exists)
      }
      try listing.writeValues(to: path, isCancelled: session.isCancelled)
    }
    session.isJSON ? session.print(listing.json) : session.print(listing.text)
    return .done
  }

  private static func text(_ checkpoint: Checkpoint) -> String {
    let model = checkpoint.model
    let configuration = model.configuration
    var lines = [
      "\(configuration.architecture): \(configuration.blockCount) blocks, hidden \(configuration.hiddenSize), MLP "
        + "\(configuration.intermediateSize), heads \(configuration.headCount)/\(configuration.keyValueHeadCount) of "
        + "\(configuration.headDimension), vocabulary \(configuration.vocabularySize)"
        + (configuration.isTied ? ", head tied to the embedding" : ""),
      "tensors: \(ModelSnapshot(model).byteCount) bytes in \(model.storedTensors.count) tensors", "",
    ]
    var table = TextTable(["layer", "shape", "factors", "rank", "bytes"], rightAligned: [3, 4])
    for node in model.nodes {
      let form = model.linears[node.index].form
      table.add([
        node.name, "\(node.outFeatures)x\(node.inFeatures)", FormText.text(form), "\(form.rank)",
        "\(form.byteCount)",
      ])
    }
    lines.append(table.text)
    for name in checkpoint.ignoredTensors { lines.append("not part of the model: \(name)") }
    if let record = try? Verification.record(of: checkpoint.directory) {
      lines += [
        "",
        "made by Lathe \(record["version"]?.stringValue ?? "?") from \(record["source"]?["folder"]?.stringValue ?? "?")",
      ]
      for stage in record["recipe"]?["stages"]?.arrayValue ?? [] {
        lines.append("  " + stage.text(indent: nil))
      }
    }
    return lines.joined(separator: "\n")
  }

  private static func json(_ checkpoint: Checkpoint) -> JSON {
    let model = checkpoint.model
    var object = JSONObject()
    object["architecture"] = .string(model.configuration.architecture)
    object["tensor_bytes"] = .integer(ModelSnapshot(model).byteCount)
    object["linears"] = .array(
      model.nodes.map { node in
        let form = model.linears[node.index].form
        return [
          "name": .string(node.name), "role": .string("\(node.role)"),
          "block": node.block.map(JSON.integer) ?? .null,
          "shape": [.integer(node.outFeatures), .integer(node.inFeatures)],
          "factors": .string(FormText.text(form)),
          "rank": .integer(form.rank), "bytes": .integer(form.byteCount),
        ]
      })
    object["tensors"] = .array(
      model.storedTensors.map { name, tensor in
        [
          "name": .string(name), "dtype": .string(tensor.elementType.rawValue),
          "shape": .array(tensor.shape.map(JSON.integer)), "bytes": .integer(tensor.byteCount),
        ]
      })
    object["provenance"] = (try? Verification.record(of: checkpoint.directory)) ?? .null
    return .object(object)
  }
}

/// A layer's factors in a few characters: `64x256 BF16 * 256x64 int4/64`.
enum FormText {
  static func text(_ form: LinearForm) -> String {
    form.terms.map { term in term.reversed().map(text).joined(separator: " * ") }.joined(separator: " + ")
  }

  private static func text(_ factor: FactorForm) -> String {
    let shape = "\(factor.rows)x\(factor.columns)"
    switch factor.storage {
    case .dense(let type): return "\(shape) \(type.rawValue)"
    case .diagonal(let type): return "diag(\(factor.rows)) \(type.rawValue)"
    case .quantized(let scheme):
      let group = scheme.groupSize == 0 ? "row" : "\(scheme.groupSize)"
      return "\(shape) int\(scheme.bits)/\(group)\(scheme.isSymmetric ? " sym" : "")"
    case .codebook(let scheme):
      return "\(shape) table\(scheme.bits)/\(scheme.groupSize == 0 ? "row" : "\(scheme.groupSize)")"
    }
  }
}
