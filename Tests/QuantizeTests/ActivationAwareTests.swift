import CLathe
import FakeHost
import PluginKit
import Testing

@Suite struct ActivationAwareTests {
  /// Two linears that read one input, some features of which are large.
  private func model(classes: [Int]? = Array(0..<24)) -> FakeHost {
    let sample = Matrix.random(60, 24, seed: 5)
    let x = Matrix(60, 24) { sample[$0, $1] * ($1 % 6 == 0 ? 40 : 1) }
    let nodes = (0..<2).map { place in
      var node = FakeNode(
        "w\(place)", role: 5, block: 0, group: 7, weight: .random(10 + place, 24, seed: UInt64(place)),
        gram: x.transposed * x)
      node.sample = x
      node.absoluteMean = Matrix(24, 1) { j, _ in (0..<60).reduce(0) { $0 + abs(x[$1, j]) } / 60 }
      node.scaleClasses = classes
      return node
    }
    let host = FakeHost(nodes)
    host.parameters = ["method": "awq", "bits": "3", "group_size": "8"]
    return host
  }

  private func run(_ host: FakeHost) throws { try FakeRun(Bench.module.table, on: host).all() }

  /// `||(W - W' diag(1/s)) X||^2` over both linears.
  private func error(_ host: FakeHost, _ original: [FakeNode]) -> Double {
    zip(host.nodes, original).reduce(0) { sum, pair in
      let (node, old) = pair
      let scales = node.inputScales ?? [Double](repeating: 1, count: 24)
      let form = node.form.matrix
      let w = Matrix(form.rows, form.columns) { form[$0, $1] / scales[$1] }
      let e = Bench.norm(old.form.matrix - w, old.gram)
      return sum + e * e
    }
  }

  @Test("the outputs are closer than with rounding to the nearest, by what the report says")
  func better() throws {
    let host = model()
    let original = host.nodes
    try run(host)
    let nearest = model()
    nearest.parameters["method"] = "rtn"
    try run(nearest)
    let (scaled, plain) = (error(host, original), error(nearest, original))
    #expect(scaled < 0.8 * plain)
    #expect(host.nodes[0].inputScales != nil && host.nodes[0].inputScales == host.nodes[1].inputScales)
    let alpha = try #require(host.metric(0, "alpha"))
    #expect(alpha > 0 && alpha < 1)
    let gain = try #require(host.metric(1, "scaling_gain"))
    #expect(abs(gain - scaled / plain) <= 1e-3 * gain)
  }

  @Test("with alpha 0 alone it rounds to the nearest and scales nothing")
  func alphaZero() throws {
    let host = model()
    host.parameters["alpha_steps"] = "1"
    try run(host)
    let nearest = model()
    nearest.parameters["method"] = "rtn"
    try run(nearest)
    #expect(host.nodes.map(\.form) == nearest.nodes.map(\.form))
    #expect(host.nodes[0].inputScales == nil)
  }

  @Test("features of one class get one scale")
  func classes() throws {
    let host = model(classes: (0..<24).map { $0 % 12 })
    try run(host)
    let scales = try #require(host.nodes[0].inputScales)
    for j in 0..<12 { #expect(scales[j] == scales[j + 12]) }
  }

  @Test("what nothing can absorb, and what is mixed with other methods, is refused before the work")
  func refusals() throws {
    let host = model(classes: nil)
    let refusal = #expect(throws: Refusal.self) { try FakeRun(Bench.module.table, on: host).plan() }
    #expect(refusal?.code == Int32(LATHE_ERR_UNSUPPORTED))
    let mixed = model()
    mixed.nodeParameters = [1: ["method": "rtn"]]
    let text = #expect(throws: Refusal.self) { try FakeRun(Bench.module.table, on: mixed).plan() }
    #expect(text?.message.contains("w1 reads the same input") == true)
  }

  @Test("a correction is fitted to the scaled inputs")
  func correction() throws {
    let host = model()
    let original = host.nodes
    host.parameters["residual_rank"] = "100"
    try run(host)
    #expect(error(host, original) <= 1e-8 * Bench.norm(original[0].form.matrix, original[0].gram))
  }

  @Test("inputs of zeros change nothing, and magnitudes that are not finite are refused with a name")
  func degenerate() throws {
    let host = model()
    host.change { node in
      node.absoluteMean = Matrix(24, 1) { _, _ in 0 }
      node.sample = Matrix(4, 24) { _, _ in 0 }
    }
    try run(host)
    #expect(host.nodes[0].inputScales == nil)
    let broken = model()
    broken.change { $0.absoluteMean = Matrix(24, 1) { _, _ in .nan } }
    let refusal = #expect(throws: Refusal.self) { try run(broken) }
    #expect(refusal?.message.contains("at w0") == true)
  }
}
