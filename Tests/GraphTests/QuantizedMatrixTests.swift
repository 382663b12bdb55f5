import Graph
import Tensors
import TestSupport
import Testing

/// A quantised matrix with random codes, and the array it stands for.
struct QuantizedCase {
  let matrix: QuantizedMatrix
  let dense: [Float]

  init(rows: Int, columns: Int, scheme: QuantizationScheme, seed: UInt64 = 3) throws {
    let random = CounterRandom(seed: seed)
    let groups = scheme.groupCount(columns: columns)
    let limit = UInt32(1) << UInt32(scheme.bits)
    let codes = (0..<rows * columns).map { UInt8(random.words(at: UInt64($0)).0 % limit) }
    let zeros = (0..<rows * groups).map { UInt8(random.words(at: UInt64($0)).1 % limit) }
    let scales = try RandomModel.normals([rows, groups], seed: seed).converted(to: scheme.scaleType)
    matrix = codes.withUnsafeBufferPointer { codes in
      zeros.withUnsafeBufferPointer { zeros in
        QuantizedMatrix(
          rows: rows, columns: columns, scheme: scheme, codes: codes, scales: scales,
          zeroCodes: scheme.isSymmetric ? nil : zeros)
      }
    }
    let values = try scales.floats()
    let width = scheme.groupSize == 0 ? columns : scheme.groupSize
    dense = (0..<rows * columns).map { index in
      let group = index / columns * groups + index % columns / width
      let zero = scheme.isSymmetric ? 1 << (scheme.bits - 1) : Int(zeros[group])
      return values[group] * Float(Int(codes[index]) - zero)
    }
  }
}

@Suite struct QuantizedMatrixTests {
  @Test(
    "a quantised matrix is scale times code minus zero, ragged last groups included", arguments: 2...8,
    [0, 4, 5, 64])
  func values(bits: Int, groupSize: Int) throws {
    for isSymmetric in [true, false] {
      let scheme = QuantizationScheme(
        bits: bits, groupSize: groupSize, isSymmetric: isSymmetric, scaleType: .f32)
      let sample = try QuantizedCase(rows: 5, columns: 13, scheme: scheme)
      var values = [Float](repeating: .nan, count: 65)
      try values.withUnsafeMutableBufferPointer { target in
        try Factor.quantized(sample.matrix).copyFloats(to: #require(target.baseAddress))
      }
      #expect(values == sample.dense)
    }
  }

  @Test(
    "a form's tensors, bytes and shapes are those of the factor it describes", arguments: 2...8,
    [0, 1, 7, 32])
  func form(bits: Int, groupSize: Int) throws {
    for isSymmetric in [true, false] {
      for type in [ElementType.f32, .bf16] {
        let scheme = QuantizationScheme(
          bits: bits, groupSize: groupSize, isSymmetric: isSymmetric, scaleType: type)
        let factor = Factor.quantized(try QuantizedCase(rows: 9, columns: 33, scheme: scheme).matrix)
        let parts = factor.form.parts
        #expect(parts.map(\.shape) == factor.tensors.map(\.shape))
        #expect(parts.map(\.elementType) == factor.tensors.map(\.elementType))
        #expect(factor.form.byteCount == factor.tensors.reduce(0) { $0 + $1.byteCount })
      }
    }
  }

  @Test("the tensor weight_shape holds rows and columns")
  func shape() throws {
    let scheme = QuantizationScheme(bits: 3, groupSize: 8, isSymmetric: false, scaleType: .f16)
    let matrix = try QuantizedCase(rows: 6, columns: 20, scheme: scheme).matrix
    #expect(matrix.tensors[2].withElements(as: Int64.self) { Array($0) } == [6, 20])
  }

  @Test("mapping the tensors of a factor keeps its numbers")
  func mapping() throws {
    let scheme = QuantizationScheme(bits: 5, groupSize: 6, isSymmetric: false, scaleType: .f32)
    let sample = try QuantizedCase(rows: 4, columns: 10, scheme: scheme)
    let copy = Factor.quantized(sample.matrix).mapTensors { tensor in
      Tensor(tensor.elementType, tensor.shape) { bytes in tensor.withBytes { bytes.copyMemory(from: $0) } }
    }
    var values = [Float](repeating: 0, count: 40)
    try values.withUnsafeMutableBufferPointer { try copy.copyFloats(to: #require($0.baseAddress)) }
    #expect(values == sample.dense)
  }
}
