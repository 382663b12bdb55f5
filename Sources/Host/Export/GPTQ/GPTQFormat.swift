import Graph
import ModelIO
import Tensors

/// GPTQ checkpoints: codes packed down the input, in either way of storing zero points.
///
/// Version 1 stores each zero point less one, so it has no room for 0; only models without zero points, whose zero
/// is the middle code, are written in it. Version 2 stores them as they are.
struct GPTQFormat: ExportFormat {
  enum Version: String {
    case one = "gptq"
    case two = "gptq_v2"
  }

  let version: Version
  let place = ExportPlace.folder()
  let holdsFactors = false
  let types = ["f16", "bf16"]

  var name: String { version == .one ? "gptq" : "gptq-v2" }
  var summary: String {
    version == .one
      ? "GPTQ folder, version 1 (codes without zero points)"
      : "GPTQ folder, version 2 (also with zero points)"
  }

  func check(_ subject: ExportSubject) throws(ExportError) -> [String] {
    let table = try ModuleTable(subject, format: name)
    var warnings = table.warnings
    for node in subject.nodes {
      guard let factor = ExportForm.single(subject.forms[node.index]),
        case .quantized(let scheme) = ExportForm(factor)
      else { continue }
      func refuse(_ reason: String) -> ExportError { .layer(node.name, format: name, reason: reason) }
      guard [2, 3, 4, 8].contains(scheme.bits) else {
        throw refuse("it has \(scheme.bits) bits, the layout has 2, 3, 4 and 8")
      }
      guard version == .two || scheme.isSymmetric else {
        throw refuse(
          "version 1 cannot hold a zero point of 0; choose gptq-v2, or quantise with symmetric true")
      }
      // A word holds whole codes of 2, 4 and 8 bits; those of 3 come back to a border after 32.
      let whole = scheme.bits == 3 ? 32 : 32 / scheme.bits
      for (extent, what) in [(factor.columns, "columns"), (factor.rows, "rows")]
      where !extent.isMultiple(of: whole) {
        throw refuse("its \(extent) \(what) are no multiple of \(whole), and there is no padding")
      }
      guard subject.type(scheme.scaleType) != .f32, subject.type(scheme.scaleType) != .f64 else {
        throw refuse("its scales are \(scheme.scaleType.rawValue), the layout has 16 bits; give --dtype f16")
      }
      if subject.type(scheme.scaleType) == .bf16, !warnings.contains(Self.scaleWarning) {
        warnings.append(Self.scaleWarning)
      }
      if !factor.columns.isMultiple(of: 32) || !factor.rows.isMultiple(of: 32) {
        warnings.append("\(node.name) is \(factor.rows)x\(factor.columns); most kernels want multiples of 32")
      }
    }
    return warnings
  }

  private static let scaleWarning =
    "scales stay BF16; a loader that insists on F16 needs --dtype f16, which rounds them"

  func write(_ source: ExportSource, to path: String) throws(ExportError) {
    let table = try ModuleTable(source.subject, format: name)
    var folder = try ExportFolder(source)
    for node in source.subject.nodes {
      let linear = try source.linear(node)
      if linear.terms.count == 1, linear.terms[0].count == 1,
        case .quantized(let matrix) = linear.terms[0][0]
      {
        folder.addGPTQ(matrix, of: node, version: version)
      } else {
        folder.addDense(node)
      }
    }
    let configuration = table.gptqConfiguration(version: version)
    folder.configuration[FactorLayout.key] = configuration
    folder.texts.append((name: "quantize_config.json", text: configuration.text(indent: 2) + "\n"))
    try folder.write(into: path)
  }
}

extension ExportFolder {
  /// `qweight [K b / 32, N]`, `qzeros [groups, N b / 32]`, `scales [groups, N]`, `g_idx [K]` for K inputs, N outputs.
  fileprivate mutating func addGPTQ(_ matrix: QuantizedMatrix, of node: Node, version: GPTQFormat.Version) {
    let source = source
    let (inputs, outputs, bits) = (matrix.columns, matrix.rows, matrix.scheme.bits)
    let groups = matrix.scheme.groupCount(columns: inputs)
    let width = matrix.scheme.groupSize == 0 ? inputs : matrix.scheme.groupSize
    func words(_ count: Int) -> Int { BitPacking.wordCount(count: count, bits: bits) }
    tensors.append(
      ExportTensor("\(node.name).qweight", .i32, [words(inputs), outputs]) { () throws(ExportError) in
        Self.transposed(matrix.codes(), rows: outputs, columns: inputs).withUnsafeBufferPointer {
          BitPacking.packColumns($0, rows: inputs, columns: outputs, bits: bits)
        }
      })
    tensors.append(
      ExportTensor("\(node.name).qzeros", .i32, [groups, words(outputs)]) { () throws(ExportError) in
        let mask = UInt8((1 << bits) - 1)
        let zeros = Self.transposed(matrix.zeroCodes(), rows: outputs, columns: groups)
          .map { version == .one ? ($0 &- 1) & mask : $0 }
        return zeros.withUnsafeBufferPointer {
          BitPacking.packRows($0, rows: groups, columns: outputs, bits: bits)
        }
      })
    let type = source.subject.type(matrix.scales.elementType)
    tensors.append(
      ExportTensor("\(node.name).scales", type, [groups, outputs]) { () throws(ExportError) in
        let name = "\(node.name).scales"
        let scales = try source.tensor(matrix.scales, name: name)
        let size = type.byteCount
        return Tensor(type, [groups, outputs]) { bytes in
          scales.withBytes { stored in
            for group in 0..<groups {
              for output in 0..<outputs {
                let (from, to) = ((output * groups + group) * size, (group * outputs + output) * size)
                for byte in 0..<size { bytes[to + byte] = stored[from + byte] }
              }
            }
          }
        }
      })
    tensors.append(
      ExportTensor("\(node.name).g_idx", .i32, [inputs]) { () throws(ExportError) in
        Tensor(.i32, [inputs]) { bytes in
          for input in 0..<inputs {
            bytes.storeBytes(of: Int32(input / width), toByteOffset: 4 * input, as: Int32.self)
          }
        }
      })
  }

  private static func transposed(_ codes: [UInt8], rows: Int, columns: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: codes.count) { target, count in
      for row in 0..<rows {
        for column in 0..<columns { target[column * rows + row] = codes[row * columns + column] }
      }
      count = codes.count
    }
  }
}
