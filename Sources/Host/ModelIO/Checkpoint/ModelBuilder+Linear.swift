import Graph
import Tensors

extension ModelBuilder {
  /// Removes the tensors of a linear layer from `tensors` and puts them together.
  mutating func takeLinear(_ name: String, role: Role) throws(ModelIOError) -> Linear {
    let shape = configuration.shape(of: role)
    var terms: [[Factor]] = []
    if let storages = layout.linears[name] {
      let isSingle = storages.count == 1 && storages[0].count == 1
      for (t, term) in storages.enumerated() {
        var factors: [Factor] = []
        for (f, storage) in term.enumerated() {
          factors.append(try takeFactor(isSingle ? "\(name)." : "\(name).\(t).\(f).", storage))
        }
        terms.append(factors)
      }
    } else if let scheme = layout.modules?.scheme(of: name) {
      terms = [[try takeModule("\(name).", scheme)]]
    } else {
      try check("\(name).weight", shape: shape)
      terms = [[.dense(try take("\(name).weight"))]]
    }
    let bias = try takeBias("\(name).bias", count: shape[0], role: role)
    do {
      return try Linear(outFeatures: shape[0], inFeatures: shape[1], terms: terms, bias: bias)
    } catch { throw fault(.badLinear(name, error)) }
  }

  /// The bias, which may also be there where the configuration does not ask for one.
  private mutating func takeBias(_ name: String, count: Int, role: Role) throws(ModelIOError) -> Tensor? {
    guard configuration.biasedRoles.contains(role) || tensors[name] != nil else { return nil }
    try check(name, shape: [count])
    return try take(name)
  }

  private mutating func takeFactor(
    _ prefix: String, _ storage: FactorLayout.Storage
  ) throws(ModelIOError) -> Factor {
    if let scheme = layout.modules?.scheme(of: String(prefix.dropLast())) {
      return try takeModule(prefix, scheme)
    }
    switch storage {
    case .dense: return .dense(try take("\(prefix)weight", rank: 2))
    case .diagonal: return .diagonal(try take("\(prefix)diagonal", rank: 1))
    case .quantized(let bits, let groupSize, let isSymmetric):
      return .quantized(try takeQuantized(prefix, bits: bits, groupSize: groupSize, isSymmetric: isSymmetric))
    case .codebook(let bits, let groupSize):
      return .codebook(try takeCodebook(prefix, bits: bits, groupSize: groupSize))
    }
  }

  private mutating func takeModule(
    _ prefix: String, _ scheme: CompressedTensorsLayout.Scheme
  ) throws(ModelIOError) -> Factor {
    try normalise(prefix, scheme)
    return .quantized(
      try takeQuantized(
        prefix, bits: scheme.bits, groupSize: scheme.groupSize, isSymmetric: scheme.isSymmetric))
  }

  private mutating func takeQuantized(
    _ prefix: String, bits: Int, groupSize: Int, isSymmetric: Bool
  ) throws(ModelIOError) -> QuantizedMatrix {
    let extents = try takeExtents(prefix)
    let scales = try take("\(prefix)weight_scale", rank: 2)
    let scheme = QuantizationScheme(
      bits: bits, groupSize: groupSize, isSymmetric: isSymmetric, scaleType: scales.elementType)
    let packed = try take("\(prefix)weight_packed")
    let zeroPoints = isSymmetric ? nil : try take("\(prefix)weight_zero_point")
    let matrix = QuantizedMatrix(
      rows: extents[0], columns: extents[1], scheme: scheme, packed: packed, scales: scales,
      zeroPoints: zeroPoints)
    try check(Factor.quantized(matrix), prefix)
    return matrix
  }

  private mutating func takeCodebook(
    _ prefix: String, bits: Int, groupSize: Int
  ) throws(ModelIOError) -> CodebookMatrix {
    let extents = try takeExtents(prefix)
    let scales = try take("\(prefix)weight_scale", rank: 2)
    let scheme = CodebookScheme(bits: bits, groupSize: groupSize, scaleType: scales.elementType)
    let matrix = CodebookMatrix(
      rows: extents[0], columns: extents[1], scheme: scheme, packed: try take("\(prefix)weight_packed"),
      scales: scales, codebook: try take("\(prefix)weight_codebook"))
    try check(Factor.codebook(matrix), prefix)
    return matrix
  }

  /// Rows and columns of packed codes.
  private mutating func takeExtents(_ prefix: String) throws(ModelIOError) -> [Int] {
    let shape = try take("\(prefix)weight_shape")
    guard shape.elementType == .i64, shape.shape == [2] else {
      throw fault(.wrongShape(tensor: "\(prefix)weight_shape", expected: [2], found: shape.shape))
    }
    let extents = shape.withBytes { bytes in
      [0, 8].map { Int(Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: Int64.self))) }
    }
    guard extents.allSatisfy((1...ConfigurationObject.largestExtent).contains) else {
      throw fault(.badLayout(linear: prefix, reason: "\"weight_shape\" holds \(extents)"))
    }
    return extents
  }

  /// Throws unless every tensor of a packed factor has the type and shape that its form says.
  private func check(_ factor: Factor, _ prefix: String) throws(ModelIOError) {
    for (part, tensor) in zip(factor.form.parts, factor.tensors) {
      let name = prefix + part.suffix
      guard tensor.elementType == part.elementType else {
        throw fault(
          .wrongType(tensor: name, expected: part.elementType.rawValue, found: tensor.elementType.rawValue))
      }
      guard tensor.shape == part.shape else {
        throw fault(.wrongShape(tensor: name, expected: part.shape, found: tensor.shape))
      }
    }
  }

  /// Real numbers in `rank` dimensions.
  private mutating func take(_ name: String, rank: Int) throws(ModelIOError) -> Tensor {
    let tensor = try take(name)
    try checkReal(name, tensor)
    guard tensor.shape.count == rank else {
      throw fault(.wrongRank(tensor: name, expected: rank, found: tensor.shape))
    }
    return tensor
  }

  private mutating func take(_ name: String) throws(ModelIOError) -> Tensor {
    guard let tensor = tensors.removeValue(forKey: name) else { throw fault(.missingTensor(name)) }
    return tensor
  }
}
