/// The tokens that are a single scalar, and which scalars merges ever join.
struct SymbolTable: Sendable {
  /// Ids of the scalars below U+10000, -1 for none.
  private var plane: [Int32] = []
  private var others: [UInt32: Int32] = [:]
  /// Pairs of scalars that are neighbours across the seam of some merge.
  private var joints: PairTable

  init(_ vocabulary: Vocabulary, jointCapacity: Int) {
    var plane: [Int32] = []
    var others: [UInt32: Int32] = [:]
    vocabulary.forEach { token, id in
      guard !token.isEmpty else { return }
      let (scalar, length) = token.withUnsafeBufferPointer { $0.scalar(at: 0) }
      guard length == token.count else { return }
      if scalar.value > 0xFFFF {
        others[scalar.value] = id
      } else {
        while plane.count <= scalar.value { plane.append(-1) }
        plane[Int(scalar.value)] = id
      }
    }
    self.plane = plane
    self.others = others
    joints = PairTable(capacity: jointCapacity)
  }

  @inline(__always)
  func id(of scalar: Unicode.Scalar) -> Int32? {
    let value = Int(scalar.value)
    guard value > 0xFFFF else { return value < plane.count && plane[value] >= 0 ? plane[value] : nil }
    return others[scalar.value]
  }

  mutating func addJoint(_ left: Unicode.Scalar, _ right: Unicode.Scalar) {
    joints.set(PairTable.key(left.value, right.value), 1)
  }

  /// Whether some merge joins these two scalars. If not, what is left and what is right of them in a text
  /// never meet and can be encoded apart.
  @inline(__always)
  func hasJoint(_ left: Unicode.Scalar, _ right: Unicode.Scalar) -> Bool {
    joints[PairTable.key(left.value, right.value)] != nil
  }
}
