import Foundation
import Graph
import LinearAlgebra
import ModelIO
import Tensors

/// An export: a format, its options, and a place.
public struct ExportRun: Sendable {
  public var format: any ExportFormat
  public var options: ExportOptions
  /// The folder or file to make.
  public var output: String
  public var replacesOutput: Bool

  public init(format: any ExportFormat, options: ExportOptions, output: String, replacesOutput: Bool = false)
  {
    self.format = format
    self.options = options
    self.output = output
    self.replacesOutput = replacesOutput
  }

  /// Everything that can be refused before the work: options, layers of these forms, the place. Returns the format's
  /// warnings.
  public func check(_ checkpoint: Checkpoint, forms: [LinearForm]) throws(ExportError) -> [String] {
    let warnings = try checkFormat(checkpoint, forms: forms)
    switch format.place {
    case .file: try checkFile()
    case .folder(let subfolders):
      // Made and dropped again: says what is wrong with the place.
      let folder = try ExportError.reading { () throws(ModelIOError) in
        try AtomicFolder(output, replaceExisting: replacesOutput, subfolders: subfolders)
      }
      folder.discard()
    }
    return warnings
  }

  /// Options and layers alone.
  public func checkFormat(_ checkpoint: Checkpoint, forms: [LinearForm]) throws(ExportError) -> [String] {
    try format.check(ExportSubject(checkpoint, forms: forms, options: options, format: format))
  }

  /// Writes `model`, which came from `checkpoint` and may have been changed since.
  public func write(
    _ model: Model, from checkpoint: Checkpoint, workers: Workers,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(ExportError) -> ExportReport {
    let forms = model.linears.map(\.form)
    let subject = try ExportSubject(checkpoint, forms: forms, options: options, format: format)
    let warnings = try format.check(subject)
    let source = ExportSource(subject, model: model, workers: workers, isCancelled: isCancelled)
    switch format.place {
    case .file:
      try checkFile()
      try format.write(source, to: output)
    case .folder(let subfolders):
      let folder = try ExportError.reading { () throws(ModelIOError) in
        try AtomicFolder(output, replaceExisting: replacesOutput, subfolders: subfolders)
      }
      defer { folder.discard() }
      try format.write(source, to: folder.path)
      if isCancelled() { throw .cancelled }
      try ExportError.reading { () throws(ModelIOError) in try folder.commit() }
    }
    return ExportReport(format: format.name, output: output, warnings: warnings)
  }

  private func checkFile() throws(ExportError) {
    let manager = FileManager.default
    var isFolder: ObjCBool = false
    if manager.fileExists(atPath: output, isDirectory: &isFolder) {
      if isFolder.boolValue { throw .place(path: output, reason: "is a folder; name a file") }
      guard replacesOutput else { throw .model(.output(path: output, .exists)) }
    }
    let parent = URL(filePath: output).deletingLastPathComponent().path
    guard manager.fileExists(atPath: parent, isDirectory: &isFolder), isFolder.boolValue else {
      throw .model(.output(path: output, .noParent))
    }
    guard manager.isWritableFile(atPath: parent) else {
      throw .model(.output(path: output, .notWritable(reason: "its folder is read-only")))
    }
  }
}
