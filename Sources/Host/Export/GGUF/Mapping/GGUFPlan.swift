import Graph
import ModelIO
import Tensors

/// What a GGUF file of a model will hold: all that is known without the numbers.
struct GGUFPlan {
  /// Where the numbers of a tensor come from.
  enum Source {
    case linear(Node, RowOrder?)
    case bias(Node, RowOrder?)
    /// A tensor of the model that belongs to no linear layer.
    case other(String)
    case values([Float])
  }

  private(set) var tensors: [(tensor: GGUFTensor, source: Source)] = []
  private(set) var warnings: [String] = []
  let layout: GGUFLayout

  init(_ subject: ExportSubject) throws(ExportError) {
    do throws(GGUFObstacle) {
      let architecture = try GGUFArchitecture(for: subject.checkpoint.model)
      let parameters = try GGUFHyperparameters(subject.configuration, architecture)
      warnings = parameters.notes
      let vocabulary = try GGUFVocabulary.metadata(of: subject.checkpoint)
      warnings += vocabulary.notes
      var places = GGUFPlaces(subject, architecture, try GGUFTypeChoice(subject.options))
      try places.fill(frequencyFactors: parameters.rotary.frequencyFactors)
      tensors = places.tensors
      warnings += places.warnings
      let general = Self.general(subject, architecture, tensors.map(\.tensor))
      layout = try Self.layout(general + parameters.metadata + vocabulary.metadata, tensors.map(\.tensor))
    } catch { throw .gguf(error) }
  }

  private static func layout(
    _ metadata: [(key: String, value: GGUFValue)], _ tensors: [GGUFTensor]
  ) throws(GGUFObstacle) -> GGUFLayout {
    do throws(GGUFFault) { return try GGUFLayout(metadata: metadata, tensors: tensors) } catch {
      throw .layout(error)
    }
  }

  /// Keys that every file has.
  private static func general(
    _ subject: ExportSubject, _ architecture: GGUFArchitecture, _ tensors: [GGUFTensor]
  ) -> [(key: String, value: GGUFValue)] {
    // The type of most bytes in the blocks is the file's type.
    var bytes: [GGUFType: Int] = [:]
    for tensor in tensors where tensor.name.hasPrefix("blk.") && tensor.shape.count == 2 {
      bytes[tensor.type, default: 0] += tensor.checkedByteCount ?? 0
    }
    let main = bytes.max { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }?.key ?? .f32
    let name = subject.checkpoint.directory.split(separator: "/").last.map(String.init) ?? architecture.name
    var general: [(key: String, value: GGUFValue)] = [
      ("general.architecture", .string(architecture.name)), ("general.type", .string("model")),
      ("general.name", .string(name)), ("general.file_type", .u32(main.fileType)),
      ("general.alignment", .u32(UInt32(GGUFLayout.alignment))),
    ]
    if tensors.contains(where: { $0.type.codec != nil }) {
      general.append(("general.quantization_version", .u32(2)))
    }
    return general
  }
}
