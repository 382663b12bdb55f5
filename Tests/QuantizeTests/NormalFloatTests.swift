import CLathe
import FakeHost
import PluginKit
import Testing

@Suite struct NormalFloatTests {
  /// The table of arXiv 2305.14314, appendix E.
  private static let published = [
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
    -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
    0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023,
    1.0,
  ]

  @Test("the levels are the published ones")
  func levels() throws {
    let factor = try Bench(rows: 2, columns: 3).run(["method": "nf4"]).form[0][0]
    #expect(factor.codebook.count == 16)
    // The published values come from f32 quantiles.
    for (own, published) in zip(factor.codebook, Self.published) { #expect(abs(own - published) <= 2e-7) }
  }

  @Test("every weight gets the nearest level of its group's scale", arguments: [0, 5, 64])
  func nearest(groupSize: Int) throws {
    var weight = Matrix.random(5, 13, seed: 4)
    for j in 0..<13 { weight[2, j] = 0 }
    let factor = try Bench(weight, .identity(13)).run(["method": "nf4", "group_size": "\(groupSize)"]).form[
      0][0]
    let width = groupSize == 0 ? 13 : min(groupSize, 13)
    let groups = (13 + width - 1) / width
    #expect(factor.storage == .codebook(bits: 4, groupSize: groupSize) && factor.scales.count == 5 * groups)
    for i in 0..<5 {
      for j in 0..<13 {
        let scale = factor.scales[i * groups + j / width]
        let least = factor.codebook.map { abs(scale * $0 - weight[i, j]) }.min() ?? 0
        #expect(abs(factor.matrix[i, j] - weight[i, j]) <= least + 1e-6)
        if i == 2 { #expect(factor.matrix[i, j] == 0 && scale == 1) }
      }
    }
  }

  @Test(
    "a search for the scale never makes the squared error larger", arguments: ["rtn", "nf4"], [2, 3, 4, 8])
  func search(method: String, bits: Int) throws {
    let bench = Bench(.random(6, 40, seed: UInt64(bits)), .identity(40))
    for symmetric in ["true", "false"] {
      let common = [
        "method": method, "bits": method == "nf4" ? "4" : "\(bits)", "group_size": "16",
        "symmetric": symmetric,
      ]
      let plain = try bench.run(common).form.matrix
      let searched = try bench.run(common.merging(["search": "mse"]) { $1 }).form.matrix
      #expect((searched - bench.weight).norm <= (plain - bench.weight).norm * (1 + 1e-12))
      if bits < 4 {
        #expect(
          (searched - bench.weight).norm < (plain - bench.weight).norm * (method == "nf4" ? 1.01 : 0.99))
      }
    }
  }

  @Test("other widths than 4 bits, and weights that are not finite, are refused")
  func refusals() throws {
    let bench = Bench(rows: 2, columns: 3)
    let refusal = #expect(throws: Refusal.self) { try bench.run(["method": "nf4", "bits": "3"]) }
    #expect(refusal?.message.contains("nf4 has 4 bits") == true)
    var weight = bench.weight
    weight[1, 1] = .nan
    let damaged = #expect(throws: Refusal.self) { try Bench(weight, bench.gram).run(["method": "nf4"]) }
    #expect(damaged?.message.contains("row 1 is not finite, in w") == true)
  }
}
