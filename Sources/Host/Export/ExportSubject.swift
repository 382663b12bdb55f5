import Graph
import ModelIO
import Tensors

/// What is to be exported, without the numbers: known before a compression has run.
public struct ExportSubject: Sendable {
  /// The folder that `config.json` and the tokenizer's files come from.
  public let checkpoint: Checkpoint
  public let options: ExportOptions
  /// By node, as the format gets them: layers that are multiplied out are one dense matrix.
  public private(set) var forms: [LinearForm]
  /// Nodes that are multiplied out.
  public let multiplied: Set<Int>

  public var nodes: [Node] { checkpoint.model.nodes }
  public var configuration: DecoderConfiguration { checkpoint.model.configuration }

  /// - Parameter forms: by node, as they are stored.
  /// - Throws: where `format` has no factors, the layer has, and `options` do not multiply them out.
  public init(
    _ checkpoint: Checkpoint, forms: [LinearForm], options: ExportOptions, format: some ExportFormat
  ) throws(ExportError) {
    if let type = options.type, !format.types.contains(type) {
      throw .unknownType(type, format: format.name, known: format.types)
    }
    if let type = options.embeddingType, !format.embeddingTypes.contains(type) {
      throw .unknownEmbeddingType(type, format: format.name, known: format.embeddingTypes)
    }
    self.checkpoint = checkpoint
    self.options = options
    var forms = forms
    var multiplied: Set<Int> = []
    for node in checkpoint.model.nodes
    where !format.holdsFactors && !ExportForm.isOneMatrix(forms[node.index]) {
      guard options.remultiplies else {
        throw .factors(layer: node.name, form: ExportForm.text(forms[node.index]), format: format.name)
      }
      multiplied.insert(node.index)
      forms[node.index] = .dense(
        outFeatures: node.outFeatures, inFeatures: node.inFeatures, options.elementType ?? node.elementType)
    }
    self.forms = forms
    self.multiplied = multiplied
  }

  /// The same with other forms.
  func with(_ forms: [LinearForm]) -> ExportSubject {
    var copy = self
    copy.forms = forms
    return copy
  }

  /// `config.json` of the source without what belongs to its own layout: another quantisation, factors, remote code.
  ///
  /// With a `--dtype`, the type is set, since loaders convert to the type that stands there.
  public func cleanConfiguration() throws(ExportError) -> JSONObject {
    var members = FactorLayout.withoutModelling(checkpoint.configuration.objectValue ?? JSONObject())
    for key in [FactorLayout.key, "auto_map"] { members[key] = nil }
    do throws(GraphError) {
      members["architectures"] = [.string(try Architecture.named(configuration.architecture).className)]
    } catch { throw .graph(layer: checkpoint.directory, error) }
    members["model_type"] = .string(configuration.architecture)
    if let type = options.elementType {
      let names: [ElementType: JSON] = [.f32: "float32", .f16: "float16", .bf16: "bfloat16"]
      members[members["dtype"] != nil ? "dtype" : "torch_dtype"] = names[type]
    }
    return members
  }

  /// The type a dense tensor of type `stored` gets.
  public func type(_ stored: ElementType) -> ElementType {
    stored.isReal ? options.elementType ?? stored : stored
  }
}
