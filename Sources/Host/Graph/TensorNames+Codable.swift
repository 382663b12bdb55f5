/// By hand, because of the pairs in `linears`.
extension TensorNames: Codable {
  private enum CodingKeys: String, CodingKey {
    case embedding, finalNorm, head, inputNorm, postAttentionNorm, queryNorm, keyNorm, roles, names
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    func text(_ key: CodingKeys) throws -> String { try values.decode(String.self, forKey: key) }
    self.init(
      embedding: try text(.embedding), finalNorm: try text(.finalNorm), head: try text(.head),
      inputNorm: try text(.inputNorm), postAttentionNorm: try text(.postAttentionNorm),
      queryNorm: try text(.queryNorm), keyNorm: try text(.keyNorm),
      linears: Array(
        zip(
          try values.decode([Role].self, forKey: .roles), try values.decode([String].self, forKey: .names)
        ).map { (role: $0, name: $1) }))
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(embedding, forKey: .embedding)
    try values.encode(finalNorm, forKey: .finalNorm)
    try values.encode(head, forKey: .head)
    try values.encode(inputNorm, forKey: .inputNorm)
    try values.encode(postAttentionNorm, forKey: .postAttentionNorm)
    try values.encode(queryNorm, forKey: .queryNorm)
    try values.encode(keyNorm, forKey: .keyNorm)
    try values.encode(linears.map(\.role), forKey: .roles)
    try values.encode(linears.map(\.name), forKey: .names)
  }
}
