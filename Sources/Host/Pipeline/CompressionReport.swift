import Calibration
import Graph
import ModelIO
import PluginHost
import Tensors

/// What one stage did.
public struct StageOutcome: Sendable {
  public let index: Int
  public let strategy: String
  public let bytesBefore: Int
  public let bytesAfter: Int
  /// Nodes whose layer the stage replaced.
  public let replaced: [Int]
  public let seconds: Double
  /// Wall-clock time of each block's statistics and calls.
  public let blockSeconds: [Double]
  public let report: StageReport

  init(_ stage: Chain.Stage, entering: Model, result: StageResult) {
    self.init(
      stage, entering: entering, leaving: result.model, replaced: result.replaced.sorted(),
      seconds: result.seconds, blockSeconds: result.blockSeconds)
  }

  init(
    _ stage: Chain.Stage, entering: Model, leaving: Model, replaced: [Int], seconds: Double,
    blockSeconds: [Double]
  ) {
    index = stage.index
    strategy = stage.info.id
    bytesBefore = ModelSnapshot(entering).byteCount
    bytesAfter = ModelSnapshot(leaving).byteCount
    self.replaced = replaced
    self.seconds = seconds
    self.blockSeconds = blockSeconds
    report = stage.report
  }
}

/// What became of one linear layer.
public struct LayerOutcome: Sendable {
  public let node: Node
  public let form: LinearForm
  public let bytesBefore: Int
  public let byteCount: Int
  /// `||(W - W') X||_F / ||W X||_F` on the calibration tokens; nil when it was not measured.
  public let relativeError: Double?

  /// Bits that one element of a factor takes, scales and zero points not counted; the widest factor's.
  public var bits: Int {
    form.terms.joined().map { factor in
      switch factor.storage {
      case .dense(let type), .diagonal(let type): 8 * type.byteCount
      case .quantized(let scheme): scheme.bits
      }
    }.max() ?? 0
  }

  /// All stored bits over the number of weights of the dense matrix.
  public var bitsPerWeight: Double { 8 * Double(byteCount) / Double(node.outFeatures * node.inFeatures) }
}

/// What a compression did, stage by stage and layer by layer.
public struct CompressionReport: Sendable {
  public let stages: [StageOutcome]
  public let layers: [LayerOutcome]
  /// Bytes of all tensors before and after.
  public let tensorBytesBefore: Int
  public let tensorBytesAfter: Int
  public let calibration: CalibrationSet?
  /// Files of the published folder, `lathe.json` not counted.
  public let files: [CheckpointRecord.File]

  init(
    recipe: Recipe, checkpoint: Checkpoint, chain: Chain, outcomes: [StageOutcome], result: Model,
    errors: [Int: Double], set: CalibrationSet?, written: CheckpointRecord
  ) {
    let original = checkpoint.model
    stages = outcomes
    layers = original.nodes.map { node in
      let form = result.linears[node.index].form
      return LayerOutcome(
        node: node, form: form, bytesBefore: original.linears[node.index].form.byteCount,
        byteCount: form.byteCount, relativeError: errors[node.index])
    }
    tensorBytesBefore = ModelSnapshot(original).byteCount
    tensorBytesAfter = ModelSnapshot(result).byteCount
    calibration = set
    files = written.files
  }

  /// Bytes of the layers inside the blocks.
  public var layerBytesBefore: Int { layers.reduce(0) { $0 + $1.bytesBefore } }
  public var layerBytesAfter: Int { layers.reduce(0) { $0 + $1.byteCount } }
}
