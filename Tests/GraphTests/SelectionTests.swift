import Graph
import Tensors
import TestSupport
import Testing

@Suite struct SelectionTests {
  private static let nodes: [Node] = (try? RandomModel.model(RandomModel.configuration()).nodes) ?? []

  private func names(_ include: [String] = [], _ exclude: [String] = []) -> [String] {
    let selection = Selection(include: include, exclude: exclude)
    return Self.nodes.filter { selection.contains($0) }.map(\.name)
  }

  @Test("without patterns all layers of the blocks are selected, and the head is not")
  func everything() {
    #expect(names().count == 14)
    #expect(!names().contains("lm_head"))
    #expect(names(["lm_head"]) == ["lm_head"])
    #expect(names(["*"]).count == 15)
  }

  @Test(
    "a pattern matches the whole name or a whole suffix of it",
    arguments: [
      ("down_proj", 2), ("mlp.down_proj", 2), ("model.layers.0.*", 7), ("*.mlp.*", 6), ("?_proj", 8),
      ("[qk]_proj", 0), ("proj", 0), ("own_proj", 0), ("model.layers.0", 0), ("*_proj", 14), ("", 0),
      ("re:.*down_proj", 2), ("re:down_proj", 0), ("re:.*[qk]_proj", 4), ("re:lm_head|.*0.*v_proj", 2),
      ("re:(", 0),
      ("model.*.1.*q*", 1), ("**", 15), ("*a*a*a*a*a*a*a*a*a*a*a*b", 0),
    ])
  func patterns(pattern: String, count: Int) {
    #expect(names([pattern]).count == count)
    #expect(Selection(include: [pattern]).unmatched(in: Self.nodes).isEmpty == (count > 0))
  }

  @Test("exclusion wins over inclusion")
  func exclusion() {
    #expect(names(["*.mlp.*"], ["down_proj"]).count == 4)
    #expect(names([], ["*"]) == [])
    #expect(names([], ["model.layers.1.*"]).count == 7)
  }

  @Test("patterns without a match are reported, included and excluded ones")
  func unmatched() {
    let selection = Selection(include: ["down_proj", "dwon_proj"], exclude: ["lm_heda"])
    #expect(selection.unmatched(in: Self.nodes) == ["dwon_proj", "lm_heda"])
  }

  @Test("layers of one site read one input: q, k and v; gate and up")
  func sites() {
    #expect(Set([Role.query, .key, .value].map(\.site)).count == 1)
    #expect(Role.gate.site == Role.up.site)
    #expect(Set([Role.query, .attentionOutput, .gate, .down, .languageModelHead].map(\.site)).count == 5)
  }
}
