import Graph
import Tensors

/// Which type each tensor of a file gets.
///
/// Norms and biases are F32. A matrix of a block gets the type that was asked for; the embedding and the head get the one
/// asked for them, else Q8_0 where the blocks' type has fewer bits, else the blocks' type. A row that is no whole
/// number of blocks changes the type (`GGUFType.fitting`). Where nothing was asked, a matrix keeps what it is: dense
/// elements their type, codes the smallest type that holds them without loss.
struct GGUFTypeChoice {
  /// For the matrices of the blocks; nil keeps what is stored.
  let blocks: GGUFType?
  /// For the embedding and the head; nil follows the rule.
  let embeddings: GGUFType?

  init(_ options: ExportOptions) throws(GGUFObstacle) {
    blocks = try Self.type(options.type)
    embeddings = try Self.type(options.embeddingType)
  }

  private static func type(_ name: String?) throws(GGUFObstacle) -> GGUFType? {
    guard let name else { return nil }
    guard let type = GGUFType(named: name) else { throw .unknownType(name) }
    return type
  }

  /// The type asked for a matrix, before its rows are looked at; nil keeps what is stored.
  func wanted(isEmbedding: Bool) -> GGUFType? {
    guard isEmbedding else { return blocks }
    guard embeddings == nil, let blocks else { return embeddings }
    return blocks.isBelowEightBits ? .q8 : blocks
  }

  /// The type a matrix keeps where nothing was asked.
  static func kept(_ form: FactorForm, linear: String) throws(GGUFObstacle) -> GGUFType {
    switch form.storage {
    case .dense(let type):
      switch type {
      case .f16: return .f16
      case .bf16: return .bf16
      default: return .f32
      }
    case .quantized(let scheme):
      let holders: [GGUFType] = [.q4, .q5, .q8]
      guard let type = holders.first(where: { $0.holds(scheme, columns: form.columns) }) else {
        throw .noExactType(
          linear: linear,
          reason: "no type has \(scheme.isSymmetric ? "symmetric " : "")codes of \(scheme.bits) bits in "
            + (scheme.groupSize == 0 ? "rows" : "groups of \(scheme.groupSize)")
            + " with \(scheme.scaleType.rawValue) scales")
      }
      return type
    case .diagonal: throw .factored(linear: linear)
    case .codebook:
      throw .noExactType(
        linear: linear, reason: "no type has codes that look numbers up in a table of its own")
    }
  }
}

extension GGUFType {
  /// Whether a weight takes less than the 8.5 bits of Q8_0.
  var isBelowEightBits: Bool { blockByteCount * 32 < Self.q8.blockByteCount * blockLength }

  /// Whether blocks of this type can hold every code of a scheme, `code - zero`, and its scales as they are.
  ///
  /// Scales of type bf16 count as f16 numbers, which they are from 2^-17 up; a layer with a smaller one is encoded
  /// anew.
  func holds(_ scheme: QuantizationScheme, columns: Int) -> Bool {
    guard let codec = symmetricCodec, columns.isMultiple(of: codec.length),
      scheme.groupSize.isMultiple(of: codec.length), scheme.bits <= 8,
      scheme.scaleType == .f16 || scheme.scaleType == .bf16
    else { return false }
    let highest = 1 << scheme.bits - 1
    let codes = scheme.isSymmetric ? -(1 << (scheme.bits - 1))...(highest >> 1) : -highest...highest
    return codec.codes.lowerBound <= codes.lowerBound && codes.upperBound <= codec.codes.upperBound
  }
}
