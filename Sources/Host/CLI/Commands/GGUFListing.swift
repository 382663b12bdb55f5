import Export
import ModelIO
import Tensors

/// What `lathe inspect` says of a GGUF file.
struct GGUFListing {
  private let file: GGUFFile

  init(path: String) throws(ExportError) { file = try GGUFFile(path: path) }

  /// Whether `path` names a GGUF file rather than a model folder.
  static func applies(to path: String) -> Bool { path.hasSuffix(".gguf") }

  var text: String {
    var lines = file.metadata.map { "\($0.key) = \(Self.text($0.value))" } + [""]
    var table = TextTable(["tensor", "shape", "type", "bytes"], rightAligned: [3])
    for tensor in file.tensors {
      table.add([
        tensor.name, tensor.shape.map(String.init).joined(separator: "x"), tensor.type.name,
        "\(tensor.checkedByteCount ?? 0)",
      ])
    }
    lines.append(table.text)
    return lines.joined(separator: "\n")
  }

  var json: JSON {
    [
      "metadata": .object(JSONObject(file.metadata.map { ($0.key, Self.json($0.value)) })),
      "tensors": .array(
        file.tensors.map { tensor in
          [
            "name": .string(tensor.name), "type": .string(tensor.type.name),
            "shape": .array(tensor.shape.map(JSON.integer)),
            "bytes": .integer(tensor.checkedByteCount ?? 0),
          ]
        }),
    ]
  }

  /// Writes what every tensor decodes to, as F32, one tensor in memory at a time.
  func writeValues(to path: String, isCancelled: () -> Bool) throws {
    let entries = file.tensors.map { SafetensorsEntry(name: $0.name, elementType: .f32, shape: $0.shape) }
    var failure: ExportError?
    do {
      _ = try SafetensorsWriter(entries, path: path).write(to: path, isCancelled: isCancelled) {
        entry throws(ModelIOError) in
        do throws(ExportError) { return try file.floats(of: entry.name) } catch {
          failure = error
          throw .cancelled
        }
      }
    } catch { throw failure ?? error }
  }

  private static func text(_ value: GGUFValue) -> String {
    guard case .array(let kind, let elements) = value else { return json(value).text(indent: nil) }
    let start = elements.prefix(4).map { json($0).text(indent: nil) }.joined(separator: ", ")
    return "\(elements.count) of \(kind): \(start)\(elements.count > 4 ? ", ..." : "")"
  }

  private static func json(_ value: GGUFValue) -> JSON {
    switch value {
    case .u8(let number): .integer(Int(number))
    case .i8(let number): .integer(Int(number))
    case .u16(let number): .integer(Int(number))
    case .i16(let number): .integer(Int(number))
    case .u32(let number): .integer(Int(number))
    case .i32(let number): .integer(Int(number))
    case .u64(let number): Int(exactly: number).map(JSON.integer) ?? .number(Double(number))
    case .i64(let number): .integer(Int(number))
    // The shortest decimal of the f32 number, not of the double it is widened to.
    case .f32(let number): .number(Double("\(number)") ?? Double(number))
    case .f64(let number): .number(number)
    case .bool(let flag): .bool(flag)
    case .string(let text): .string(text)
    case .array(_, let elements): .array(elements.map(json))
    }
  }
}
