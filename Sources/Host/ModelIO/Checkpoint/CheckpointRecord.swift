/// The files of a folder and what identifies them.
public struct CheckpointRecord: Sendable, Equatable {
  public struct File: Sendable, Equatable {
    public let name: String
    public let byteCount: Int
    /// SHA-256 of the file.
    public let hash: String
  }

  public let files: [File]
  /// SHA-256 of the bytes of each tensor, by name.
  public let tensorHashes: [String: String]

  public var byteCount: Int { files.reduce(0) { $0 + $1.byteCount } }
}

/// The exact sizes of the files of a folder that is not written yet.
public struct CheckpointForecast: Sendable, Equatable {
  public struct File: Sendable, Equatable {
    public let name: String
    public let byteCount: Int
  }

  public let files: [File]

  public var byteCount: Int { files.reduce(0) { $0 + $1.byteCount } }
}
