import Tensors

/// A safetensors file, mapped: its tensors are views of the file and cost no memory until they are read.
///
/// The whole header is checked when the file is opened: afterwards every tensor lies inside the file.
public struct SafetensorsFile: Sendable {
  public let path: String
  /// The string map under `__metadata__`; empty when absent.
  public let metadata: [String: String]
  /// Names in the order of the data.
  public let names: [String]
  /// The mapping all tensors share.
  public let storage: Storage
  private let tensors: [String: Tensor]

  /// The longest header the format allows.
  public static let longestHeader = 100_000_000

  public init(path: String) throws(ModelIOError) {
    let file: MappedFile
    do { file = try MappedFile(path: path) } catch { throw .system(error) }
    let layout: SafetensorsLayout
    do {
      layout = try SafetensorsLayout(
        UnsafeRawBufferPointer(start: file.storage.base, count: file.byteCount))
    } catch { throw .safetensors(path: path, error) }
    self.path = path
    storage = file.storage
    metadata = layout.metadata
    names = layout.places.map(\.entry.name)
    var tensors: [String: Tensor] = [:]
    for place in layout.places {
      tensors[place.entry.name] = Tensor(
        place.entry.elementType, place.entry.shape, storage: file.storage,
        byteOffset: layout.dataStart + place.begin)
    }
    self.tensors = tensors
  }

  /// The tensor of this name, if there is one.
  public subscript(name: String) -> Tensor? { tensors[name] }

  /// The tensor of this name.
  public func tensor(named name: String) throws(ModelIOError) -> Tensor {
    guard let tensor = tensors[name] else { throw .safetensors(path: path, .noSuchTensor(name)) }
    return tensor
  }
}
