import Graph
import LinearAlgebra
import ModelIO
import Tensors

/// Writes the tensors of a plan. Of a matrix, a stretch of rows is in memory at a time, and its codes where it has
/// any; the rows of a stretch are encoded in parallel.
struct GGUFExport {
  /// Values encoded between two writes: enough for all threads, few enough that memory stays small.
  static let valuesAtOnce = 1 << 22

  private let source: ExportSource
  private let plan: GGUFPlan

  init(_ source: ExportSource, plan: GGUFPlan) {
    self.source = source
    self.plan = plan
  }

  func write(to path: String) throws(ExportError) {
    let writer = try ExportError.reading { () throws(ModelIOError) in try GGUFWriter(plan.layout, path: path)
    }
    for (tensor, source) in plan.tensors {
      guard !self.source.isCancelled() else { throw .cancelled }
      try write(tensor, source, to: writer)
      try ExportError.reading { () throws(ModelIOError) in try writer.endTensor() }
    }
    guard !source.isCancelled() else { throw .cancelled }
    _ = try ExportError.reading { () throws(ModelIOError) in try writer.commit() }
  }

  private func write(
    _ tensor: GGUFTensor, _ place: GGUFPlan.Source, to writer: GGUFWriter
  ) throws(ExportError) {
    switch place {
    case .values(let values): try write(values: values, to: writer)
    case .bias(let node, let order):
      guard let bias = source.model.linears[node.index].bias else { return }
      let values = try floats(bias, name: tensor.name)
      try write(
        values: order.map { order in values.indices.map { values[order.source(of: $0)] } } ?? values,
        to: writer)
    case .other(let name):
      guard let stored = source.model.others[name] else {
        throw .model(.checkpoint(path: source.subject.checkpoint.directory, .missingTensor(name)))
      }
      if tensor.shape.count == 1 {
        try write(values: try floats(stored, name: tensor.name), to: writer)
      } else {
        try write(try GGUFMatrixRows(.dense(stored), as: tensor, order: nil), to: writer)
      }
      stored.evict()
    case .linear(let node, let order):
      let factor = try factor(of: node)
      try write(try GGUFMatrixRows(factor, as: tensor, order: order), to: writer)
      for tensor in factor.tensors { tensor.evict() }
    }
  }

  /// The layer's only matrix; factors are multiplied out in f32.
  private func factor(of node: Node) throws(ExportError) -> Factor {
    let linear = source.model.linears[node.index]
    if source.subject.multiplied.contains(node.index) {
      return .dense(try source.dense(linear, of: node, as: .f32))
    }
    guard linear.terms.count == 1, linear.terms[0].count == 1 else {
      throw .gguf(.factored(linear: node.name))
    }
    return linear.terms[0][0]
  }

  private func floats(_ tensor: Tensor, name: String) throws(ExportError) -> [Float] {
    let values: [Float]
    do throws(TensorError) { values = try tensor.floats() } catch { throw .tensor(name: name, error) }
    if let value = values.first(where: { !$0.isFinite }) {
      throw .gguf(.value(tensor: name, value: value, type: GGUFType.f32.name))
    }
    return values
  }

  private func write(values: [Float], to writer: GGUFWriter) throws(ExportError) {
    let result: Result<Void, ExportError> = values.withUnsafeBytes { bytes in
      Result { () throws(ExportError) in
        try ExportError.reading { () throws(ModelIOError) in try writer.append(bytes) }
      }
    }
    try result.get()
  }

  private func write(_ matrix: GGUFMatrixRows, to writer: GGUFWriter) throws(ExportError) {
    let (rows, columns) = (matrix.tensor.rows, matrix.tensor.columns)
    let step = matrix.tensor.type.rowByteCount(columns)
    let stretch = max(1, min(rows, Self.valuesAtOnce / columns))
    let buffer = Storage(byteCount: stretch * step)
    for start in stride(from: 0, to: rows, by: stretch) {
      guard !source.isCancelled() else { throw .cancelled }
      let count = min(stretch, rows - start)
      try encode(matrix, rows: start..<start + count, to: buffer, step: step)
      try ExportError.reading { () throws(ModelIOError) in
        try writer.append(UnsafeRawBufferPointer(start: buffer.base, count: count * step))
      }
    }
  }

  private func encode(
    _ matrix: GGUFMatrixRows, rows: Range<Int>, to buffer: Storage, step: Int
  ) throws(ExportError) {
    let piece = 16
    try source.workers.forEach(count: (rows.count + piece - 1) / piece) { index throws(ExportError) in
      // Every row has its own bytes of the buffer.
      let scratch = Storage(byteCount: 4 * matrix.tensor.columns)
      let values = scratch.base.bindMemory(to: Float.self, capacity: matrix.tensor.columns)
      for row in index * piece..<min((index + 1) * piece, rows.count) {
        try matrix.encode(row: rows.lowerBound + row, to: buffer.base + row * step, scratch: values)
      }
    }
  }
}
