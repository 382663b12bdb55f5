import CLathe

// Memory that the plugin borrows; it lives as long as the fake host.
extension FakeHost {
  func parameter(_ key: UnsafePointer<CChar>?) -> String? {
    guard let key = key.map({ String(cString: $0) }) else { return nil }
    return parameters[key] ?? declared[key]
  }

  func parameter(_ key: UnsafePointer<CChar>?, of node: UInt32) -> String? {
    guard let key else { return nil }
    return nodeParameters[node]?[String(cString: key)] ?? parameter(key)
  }

  private func keep(_ free: @escaping () -> Void) {
    state.withLock { _ in arena.append(free) }
  }

  func lend(_ text: String) -> UnsafePointer<CChar> {
    let bytes = Array(text.utf8CString)
    let pointer = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
    pointer.initialize(from: bytes, count: bytes.count)
    keep { pointer.deallocate() }
    return UnsafePointer(pointer)
  }

  func lend(_ type: lathe_dtype, _ shape: [Int], _ values: [Double]) -> UnsafeMutablePointer<lathe_tensor> {
    let tensor = FakeTensor.make(type, shape, values, lent)
    tensor.pointee.flags = UInt64(LATHE_TENSOR_READ_ONLY)
    keep { tensor.pointee.deleter(tensor) }
    return tensor
  }

  private func lend<Value>(_ values: [Value]) -> UnsafeMutablePointer<Value> {
    let pointer = UnsafeMutablePointer<Value>.allocate(capacity: max(1, values.count))
    pointer.initialize(from: values, count: values.count)
    keep { pointer.deallocate() }
    return pointer
  }

  func lend(_ node: FakeNode) -> UnsafePointer<lathe_linear> {
    let terms = node.form.map { term -> UnsafePointer<lathe_term>? in
      let factors = term.map { factor -> UnsafePointer<lathe_matrix>? in
        UnsafePointer(lend([lend(factor, node.elementType)]))
      }
      let table = lathe_term(
        struct_size: UInt32(MemoryLayout<lathe_term>.size), factor_count: UInt32(factors.count),
        factors: UnsafePointer(lend(factors)))
      return UnsafePointer(lend([table]))
    }
    let linear = lathe_linear(
      struct_size: UInt32(MemoryLayout<lathe_linear>.size), term_count: UInt32(terms.count),
      terms: UnsafePointer(lend(terms)), bias: node.bias.map { lend(node.elementType, [$0.count], $0) })
    return UnsafePointer(lend([linear]))
  }

  private func lend(_ factor: FakeFactor, _ type: lathe_dtype) -> lathe_matrix {
    let byte = lathe_dtype(code: UInt8(LATHE_UINT), bits: 8, lanes: 1)
    var matrix = lathe_matrix()
    matrix.struct_size = UInt32(MemoryLayout<lathe_matrix>.size)
    matrix.rows = Int64(factor.rows)
    matrix.columns = Int64(factor.columns)
    switch factor.storage {
    case .dense:
      matrix.storage = Int32(LATHE_MATRIX_DENSE)
      matrix.values = lend(type, [factor.rows, factor.columns], factor.values)
    case .diagonal:
      matrix.storage = Int32(LATHE_MATRIX_DIAGONAL)
      matrix.values = lend(type, [factor.rows], factor.values)
    case .quantized(let bits, let groupSize):
      matrix.storage = Int32(LATHE_MATRIX_GROUP_QUANTIZED)
      matrix.bits = Int32(bits)
      matrix.group_size = Int32(groupSize)
      matrix.values = lend(byte, [factor.rows, factor.columns], factor.values)
      let groups = factor.scales.count / max(1, factor.rows)
      matrix.scales = lend(type, [factor.rows, groups], factor.scales)
      matrix.zero_points = factor.zeros.map { lend(byte, [factor.rows, groups], $0) }
    case .codebook(let bits, let groupSize):
      matrix.storage = Int32(LATHE_MATRIX_CODEBOOK)
      matrix.bits = Int32(bits)
      matrix.group_size = Int32(groupSize)
      matrix.values = lend(byte, [factor.rows, factor.columns], factor.values)
      matrix.scales = lend(type, [factor.rows, factor.scales.count / max(1, factor.rows)], factor.scales)
      let single = lathe_dtype(code: UInt8(LATHE_FLOAT), bits: 32, lanes: 1)
      matrix.codebook = lend(single, [factor.codebook.count], factor.codebook)
    }
    return matrix
  }
}

// What tests change in the first node.
extension FakeHost {
  /// Float32, float16 and bfloat16.
  public enum Stored: Sendable { case single, half, bfloat }

  /// Changes every node.
  public func change(_ body: (inout FakeNode) -> Void) {
    state.withLock { state in
      for place in state.nodes.indices { body(&state.nodes[place]) }
    }
  }
  public func setForm(_ form: FakeForm) { state.withLock { $0.nodes[0].form = form } }
  public func setSelected(_ isSelected: Bool) { state.withLock { $0.nodes[0].isSelected = isSelected } }
  public func setStored(_ type: Stored) {
    state.withLock { state in
      state.nodes[0].elementType =
        switch type {
        case .single: lathe_dtype(code: UInt8(LATHE_FLOAT), bits: 32, lanes: 1)
        case .half: lathe_dtype(code: UInt8(LATHE_FLOAT), bits: 16, lanes: 1)
        case .bfloat: lathe_dtype(code: UInt8(LATHE_BFLOAT), bits: 16, lanes: 1)
        }
    }
  }
}
