import Calibration
import Graph
import ModelIO
import PluginHost

extension CompressionReport {
  /// The report as JSON. Wall-clock seconds are left out of files, which are the same bytes for every run.
  public func json(includingSeconds: Bool) -> JSON {
    var object = JSONObject()
    object["size"] = [
      "tensor_bytes_before": .integer(tensorBytesBefore), "tensor_bytes_after": .integer(tensorBytesAfter),
      "linear_bytes_before": .integer(layerBytesBefore), "linear_bytes_after": .integer(layerBytesAfter),
    ]
    object["calibration"] = calibration.map(Self.json) ?? .null
    object["stages"] = .array(stages.map { Self.json($0, includingSeconds: includingSeconds) })
    object["linears"] = .array(layers.map(json))
    return .object(object)
  }

  private static func json(_ set: CalibrationSet) -> JSON {
    [
      "samples": .integer(set.windows.count), "context": .integer(set.context),
      "tokens": [
        "total": .integer(set.tokenCount), "used": .integer(set.usedCount),
        "dropped": .integer(set.droppedCount),
        "truncated": .integer(set.truncatedCount),
      ],
      "token_stream_sha256": .string(set.tokenHash),
    ]
  }

  private static func json(_ stage: StageOutcome, includingSeconds: Bool) -> JSON {
    var object = JSONObject()
    object["strategy"] = .string(stage.strategy)
    object["bytes_before"] = .integer(stage.bytesBefore)
    object["bytes_after"] = .integer(stage.bytesAfter)
    object["linears_replaced"] = .integer(stage.replaced.count)
    object["metrics"] = metrics(stage.report.stage)
    if includingSeconds {
      object["seconds"] = .number(stage.seconds)
      object["block_seconds"] = .array(stage.blockSeconds.map(JSON.number))
    }
    return .object(object)
  }

  private func json(_ layer: LayerOutcome) -> JSON {
    var object = JSONObject()
    object["name"] = .string(layer.node.name)
    object["shape"] = [.integer(layer.node.outFeatures), .integer(layer.node.inFeatures)]
    object["factors"] = .array(layer.form.terms.map { .array($0.map(Self.json)) })
    object["rank"] = .integer(layer.form.rank)
    object["bits"] = .integer(layer.bits)
    object["bits_per_weight"] = .number(layer.bitsPerWeight)
    object["bytes_before"] = .integer(layer.bytesBefore)
    object["bytes"] = .integer(layer.byteCount)
    object["relative_error"] = layer.relativeError.map(JSON.number) ?? .null
    if let scaling = layer.scaling {
      let sides = (scaling.input == nil ? [] : ["input"]) + (scaling.output == nil ? [] : ["output"])
      object["scaled"] = .array(sides.map(JSON.string))
    }
    var byStage = JSONObject()
    for stage in stages {
      let entries = stage.report.entries(node: layer.node.index)
      if !entries.isEmpty { byStage["\(stage.index):\(stage.strategy)"] = Self.metrics(entries) }
    }
    object["metrics"] = .object(byStage)
    return .object(object)
  }

  private static func json(_ factor: FactorForm) -> JSON {
    switch factor.storage {
    case .dense(let type):
      [
        "storage": "dense", "shape": [.integer(factor.rows), .integer(factor.columns)],
        "dtype": .string(type.rawValue),
      ]
    case .diagonal(let type):
      ["storage": "diagonal", "shape": [.integer(factor.rows)], "dtype": .string(type.rawValue)]
    case .quantized(let scheme):
      [
        "storage": "quantized", "shape": [.integer(factor.rows), .integer(factor.columns)],
        "bits": .integer(scheme.bits), "group_size": .integer(scheme.groupSize),
        "symmetric": .bool(scheme.isSymmetric), "scale_dtype": .string(scheme.scaleType.rawValue),
      ]
    case .codebook(let scheme):
      [
        "storage": "codebook", "shape": [.integer(factor.rows), .integer(factor.columns)],
        "bits": .integer(scheme.bits), "group_size": .integer(scheme.groupSize),
        "scale_dtype": .string(scheme.scaleType.rawValue),
      ]
    }
  }

  private static func metrics(_ entries: [(key: String, entry: StageReport.Entry)]) -> JSON {
    var object = JSONObject()
    for (key, entry) in entries {
      switch entry {
      case .metric(let value): object[key] = .number(value)
      case .series(let values): object[key] = .array(values.map(JSON.number))
      }
    }
    return .object(object)
  }
}
