/// A layout of files that other people's software opens.
///
/// A format is a value without state; `ExportFormats.all` lists them.
public protocol ExportFormat: Sendable {
  /// What `--format` calls it.
  var name: String { get }
  /// One line for the help.
  var summary: String { get }
  var place: ExportPlace { get }
  /// Whether it can hold layers of several factors or terms. Where it cannot, such layers are refused or
  /// multiplied out before the format sees them.
  var holdsFactors: Bool { get }
  /// What `--dtype` may be.
  var types: [String] { get }
  /// What `--embedding-type` may be; empty where embeddings have no type of their own.
  var embeddingTypes: [String] { get }

  /// Throws what the format cannot express, naming layer and reason, before any work. Returns warnings: what it can
  /// express and some runtime is known not to load.
  func check(_ subject: ExportSubject) throws(ExportError) -> [String]

  /// Writes the files of a subject that passed `check`: into the folder `path`, which exists and is empty, or as
  /// the file `path`, which appears whole or not at all (`OutputFile`).
  func write(_ source: ExportSource, to path: String) throws(ExportError)
}

extension ExportFormat {
  public var types: [String] { ["f32", "f16", "bf16"] }
  public var embeddingTypes: [String] { [] }
}

/// Where the files of a format go.
public enum ExportPlace: Sendable {
  /// A folder that holds only files, or these folders of files.
  case folder(subfolders: Set<String> = [])
  case file
}

/// The formats that Lathe writes.
public enum ExportFormats {
  public static let all: [any ExportFormat] = [
    DenseFormat(), FactoredFormat(), PackedFormat(), IntegerFormat(), GPTQFormat(version: .one),
    GPTQFormat(version: .two), AdapterFormat(),
    GGUFFormat(),
  ]

  public static func named(_ name: String) throws(ExportError) -> any ExportFormat {
    guard let found = all.first(where: { $0.name == name }) else {
      throw .unknownFormat(name, known: all.map(\.name))
    }
    return found
  }
}
