import Export
import ModelIO

extension Recipe {
  /// One more form in which the result is written: an entry of `outputs`.
  public struct Output: Sendable, Equatable {
    /// One of `ExportFormats`.
    public var format: String
    /// As the recipe has it: below the folder of the main output, unless it starts with `/`.
    public var path: String
    public var options: ExportOptions
  }

  static func outputs(_ json: JSON, path: String) throws(PipelineError) -> [Output] {
    guard let value = json["outputs"] else { return [] }
    guard let list = value.arrayValue else {
      throw .recipe(path: path, key: "outputs", reason: "a list of objects is needed")
    }
    var outputs: [Output] = []
    for (index, item) in list.enumerated() {
      let section = try RecipeObject(item, path: path, key: "outputs.\(index)")
      try section.allow(["format", "folder", "file", "dtype", "remultiply"])
      guard let name = try section.string("format") else {
        throw section.fault("format", "a format is needed, see `lathe export --help`")
      }
      let format: any ExportFormat
      do throws(ExportError) { format = try ExportFormats.named(name) } catch {
        throw section.fault("format", error.description)
      }
      let isFile = if case .file = format.place { true } else { false }
      let (key, other) = isFile ? ("file", "folder") : ("folder", "file")
      guard try section.string(other) == nil else {
        throw section.fault(other, "\(name) is a \(key); write `\(key)`")
      }
      guard let place = try section.string(key), !place.isEmpty else {
        throw section.fault(key, "the \(key) to write is needed")
      }
      let type = try section.string("dtype")
      if let type, !format.types.contains(type) {
        throw section.fault("dtype", "\(name) has \(format.types.joined(separator: ", "))")
      }
      let remultiplies = try section.boolean("remultiply") ?? false
      outputs.append(
        Output(format: name, path: place, options: ExportOptions(type: type, remultiplies: remultiplies)))
    }
    return outputs
  }
}

extension Recipe.Output {
  /// What runs, for a main output at `main`.
  func run(beside main: String, replaces: Bool) throws(PipelineError) -> ExportRun {
    let path = path.hasPrefix("/") ? path : Self.parent(of: main) + path
    do throws(ExportError) {
      return ExportRun(
        format: try ExportFormats.named(format), options: options, output: path, replacesOutput: replaces)
    } catch { throw .export(error) }
  }

  /// With the slash at its end; empty for a plain name.
  private static func parent(of path: String) -> String {
    var trimmed = Substring(path)
    while trimmed.count > 1, trimmed.last == "/" { trimmed.removeLast() }
    return trimmed.lastIndex(of: "/").map { String(trimmed[...$0]) } ?? ""
  }

  /// The entry in `lathe.json`: no path but the last name.
  var json: JSON {
    var object: JSONObject = ["format": .string(format)]
    object["name"] = .string(path.split(separator: "/").last.map(String.init) ?? path)
    if let type = options.type { object["dtype"] = .string(type) }
    if options.remultiplies { object["remultiply"] = true }
    return .object(object)
  }
}
