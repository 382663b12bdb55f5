import Graph
import Tensors

extension ModelBuilder {
  /// Brings the tensors of a compressed-tensors module into the layout of Lathe's own packed factors.
  ///
  /// `pack-quantized` is that layout already. One byte a code becomes packed words; a scale for the whole matrix is
  /// repeated for every row. Scales of activations are put aside.
  mutating func normalise(
    _ prefix: String, _ scheme: CompressedTensorsLayout.Scheme
  ) throws(ModelIOError) {
    for name in ["input_scale", "input_zero_point", "output_scale", "output_zero_point"] {
      tensors[prefix + name] = nil
    }
    if let order = tensors.removeValue(forKey: "\(prefix)weight_g_idx") {
      try checkOrder(order, prefix, groupSize: scheme.groupSize)
    }
    if let codes = tensors["\(prefix)weight"] { try pack(codes, prefix, bits: scheme.bits) }
    guard let rows = tensors["\(prefix)weight_packed"]?.shape.first else { return }
    if let scale = tensors["\(prefix)weight_scale"] {
      tensors["\(prefix)weight_scale"] = perRow(scale, rows: rows)
    }
    try packZeros(prefix, scheme, rows: rows)
  }

  /// One byte a code becomes packed words.
  private mutating func pack(_ codes: Tensor, _ prefix: String, bits: Int) throws(ModelIOError) {
    guard codes.elementType == .i8, codes.shape.count == 2 else {
      throw fault(
        .wrongType(
          tensor: "\(prefix)weight", expected: "I8 codes [out, in]", found: codes.elementType.rawValue))
    }
    let (rows, columns) = (codes.shape[0], codes.shape[1])
    tensors["\(prefix)weight"] = nil
    tensors["\(prefix)weight_packed"] = try unsigned(codes, "\(prefix)weight", bits: bits)
      .withUnsafeBufferPointer { BitPacking.packRows($0, rows: rows, columns: columns, bits: bits) }
    tensors["\(prefix)weight_shape"] = Tensor(.i64, [2]) { bytes in
      bytes.storeBytes(of: Int64(rows), as: Int64.self)
      bytes.storeBytes(of: Int64(columns), toByteOffset: 8, as: Int64.self)
    }
  }

  /// Zero points of one byte become packed words. Those of symmetric codes, which older writers store too, go.
  private mutating func packZeros(
    _ prefix: String, _ scheme: CompressedTensorsLayout.Scheme, rows: Int
  ) throws(ModelIOError) {
    let name = "\(prefix)weight_zero_point"
    guard let zeros = tensors[name] else { return }
    guard !scheme.isSymmetric else {
      tensors[name] = nil
      return
    }
    guard zeros.elementType == .i8 else { return }
    let all = perRow(zeros, rows: rows)
    guard all.shape.count == 2, all.shape[0] == rows else {
      throw fault(.wrongShape(tensor: name, expected: [rows, 1], found: zeros.shape))
    }
    tensors[name] = try unsigned(all, name, bits: scheme.bits).withUnsafeBufferPointer {
      BitPacking.packColumns($0, rows: rows, columns: all.shape[1], bits: scheme.bits)
    }
  }

  /// Signed codes as unsigned ones.
  private func unsigned(_ codes: Tensor, _ name: String, bits: Int) throws(ModelIOError) -> [UInt8] {
    let offset = 1 << (bits - 1)
    let values = codes.withElements(as: Int8.self) { $0.map { Int($0) + offset } }
    guard values.allSatisfy((0..<2 * offset).contains) else {
      throw fault(.badLayout(linear: name, reason: "a code lies outside -\(offset)...\(offset - 1)"))
    }
    return values.map { UInt8($0) }
  }

  /// One number for the matrix, or one a row, as `[rows, 1]`; anything else as it is.
  private func perRow(_ tensor: Tensor, rows: Int) -> Tensor {
    if tensor.shape == [rows] {
      return Tensor(tensor.elementType, [rows, 1], storage: tensor.storage, byteOffset: tensor.byteOffset)
    }
    guard tensor.elementCount == 1, rows != 1 || tensor.shape.count != 2 else { return tensor }
    let size = tensor.elementType.byteCount
    return Tensor(tensor.elementType, [rows, 1]) { bytes in
      tensor.withBytes { one in
        for row in 0..<rows { for i in 0..<size { bytes[row * size + i] = one[i] } }
      }
    }
  }

  /// Throws unless `order` says of every column what its place says already.
  private func checkOrder(_ order: Tensor, _ prefix: String, groupSize: Int) throws(ModelIOError) {
    let isPlain =
      order.elementType == .i32 && groupSize > 0
      && order.withElements(as: Int32.self) { groups in
        groups.enumerated().allSatisfy { Int($1) == $0 / groupSize }
      }
    guard isPlain else {
      throw fault(
        .badLayout(
          linear: prefix + "weight_g_idx",
          reason: "columns in an order of their own (actorder \"group\") are not read"))
    }
  }
}
