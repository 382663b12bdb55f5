import ModelIO

/// Writes the data of a GGUF file, tensor by tensor and piece by piece, and lets it appear when it is complete.
public final class GGUFWriter {
  private let layout: GGUFLayout
  private let file: OutputFile
  private var written = 0

  /// Reserves the space and writes the header.
  public init(_ layout: GGUFLayout, path: String) throws(ModelIOError) {
    self.layout = layout
    file = try OutputFile(path: path, byteCount: layout.byteCount)
    try file.append(layout.header)
  }

  /// Appends the next bytes of the tensor that is being written.
  public func append(_ bytes: UnsafeRawBufferPointer) throws(ModelIOError) {
    try file.append(bytes)
    written += bytes.count
  }

  /// Pads the data behind a tensor.
  public func endTensor() throws(ModelIOError) {
    let padding = [UInt8](repeating: 0, count: GGUFLayout.padding(written))
    try file.append(padding)
    written += padding.count
  }

  /// Moves the file to its place. Returns its SHA-256.
  public func commit() throws(ModelIOError) -> String { try file.commit() }
}
