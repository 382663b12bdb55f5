import CLathe
import FakeHost
import PluginKit
import Testing

@Suite struct GPTQTests {
  private static let gptq = ["method": "gptq", "bits": "3", "precision": "double"]

  private func gptq(_ more: [String: String]) -> [String: String] { Self.gptq.merging(more) { $1 } }

  @Test(
    "spans and bundles give what the published loop gives column by column",
    arguments: [0, 7, 16, 130], ["natural", "activation"])
  func equalsTheOracle(groupSize: Int, order: String) throws {
    let bench = Bench(rows: 5, columns: 141, seed: UInt64(groupSize + 1))
    let (form, host) = try bench.run(gptq(["group_size": "\(groupSize)", "order": order]))
    let expected = try #require(
      columnByColumn(
        bench.weight, bench.gram, bits: 3, groupSize: groupSize >= 141 ? 0 : groupSize,
        byActivation: order == "activation"))
    let difference = form.matrix - expected
    // A grid is rounded to f32 and its codes are integers: what differs by more is a code that went another way.
    #expect(difference.norm <= 1e-5 * expected.norm)
    let reported = try #require(host.metric(0, "weighted_error"))
    #expect(abs(reported - bench.error(form)) <= 1e-6 * bench.error(form))
    #expect(host.metric(0, "damping") == 0.01)
  }

  @Test("single precision loses next to nothing")
  func singlePrecision() throws {
    let bench = Bench(rows: 6, columns: 200)
    let double = try bench.run(gptq(["group_size": "64"])).form
    let (single, host) = try bench.run(gptq(["group_size": "64", "precision": "single"]))
    #expect(abs(bench.error(single) - bench.error(double)) <= 0.02 * bench.error(double))
    let reported = try #require(host.metric(0, "weighted_error"))
    #expect(abs(reported - bench.error(single)) <= 1e-4 * reported)
  }

  @Test(
    "where inputs do not depend on each other it rounds to the nearest",
    arguments: ["natural", "activation"], ["none", "mse"])
  func identityIsRoundToNearest(order: String, search: String) throws {
    let diagonal = Matrix(40, 40) { $0 == $1 ? Double(1 + $0 % 5) : 0 }
    for gram in [Matrix.identity(40), diagonal] {
      for groupSize in ["0", "16", "40"] {
        for precision in ["single", "double"] {
          let bench = Bench(.random(4, 40, seed: 3), gram)
          let common = ["bits": "3", "group_size": groupSize, "search": search]
          let nearest = try bench.run(common).form
          let form = try bench.run(
            gptq(common).merging(["order": order, "precision": precision]) { $1 }
          ).form
          #expect(form == nearest)
        }
      }
    }
  }

  @Test("the outputs are closer than with rounding to the nearest", arguments: 2...8, ["true", "false"])
  func betterThanNearest(bits: Int, symmetric: String) throws {
    let bench = Bench(rows: 8, columns: 48, seed: UInt64(bits))
    for order in ["natural", "activation"] {
      let common = ["bits": "\(bits)", "group_size": "16", "symmetric": symmetric]
      let nearest = try bench.run(common).form
      let form = try bench.run(
        common.merging(["method": "gptq", "order": order]) { $1 }
      ).form
      #expect(bench.error(form) < bench.error(nearest))
    }
  }

  @Test("few tokens, dead columns, zeros, a single column and a single row give finite codes")
  func degenerateInputs() throws {
    let plain = Bench(rows: 4, columns: 20)
    var dead = plain.gram
    for j in 0..<20 {
      for k in [3, 17] { (dead[j, k], dead[k, j]) = (0, 0) }
    }
    let zero = Matrix(20, 20) { _, _ in 0 }
    var withZeroRow = plain.weight
    for j in 0..<20 { withZeroRow[1, j] = 0 }
    let benches = [
      Bench(rows: 4, columns: 20, tokens: 3), Bench(withZeroRow, dead), Bench(withZeroRow, zero),
      Bench(rows: 4, columns: 1), Bench(rows: 1, columns: 20),
    ]
    for bench in benches {
      for damping in ["0", "0.01"] {
        let (form, host) = try bench.run(["method": "gptq", "group_size": "8", "damping": damping])
        #expect(form.matrix.values.allSatisfy { $0.isFinite })
        #expect((form.matrix - bench.weight).norm < 0.5 * bench.weight.norm + 1e-9)
        if bench.weight == withZeroRow { #expect((0..<20).allSatisfy { form.matrix[1, $0] == 0 }) }
        let taken = try #require(host.metric(0, "damping"))
        #expect(taken >= (Double(damping) ?? 0))
      }
    }
    let (_, host) = try Bench(plain.weight, dead).run(["method": "gptq"])
    #expect(host.metric(0, "dead_columns") == 2)
    // A dead column is rounded to the nearest and not thrown away.
    let nearest = try Bench(plain.weight, dead).run(["group_size": "1", "bits": "2"]).form.matrix
    let form = try Bench(plain.weight, dead).run(["method": "gptq", "group_size": "1", "bits": "2"]).form
      .matrix
    for i in 0..<4 { #expect(form[i, 3] == nearest[i, 3] && form[i, 17] == nearest[i, 17]) }
  }

  @Test("a singular matrix takes the first damping that is enough, and says which")
  func dampingLadder() throws {
    let bench = Bench(rows: 4, columns: 30, tokens: 5)
    let (_, host) = try bench.run(["method": "gptq", "damping": "0"])
    let damping = try #require(host.metric(0, "damping"))
    #expect(damping > 0 && damping <= 1e-3)
  }

  @Test("statistics and weights that are not finite are refused with the layer's name")
  func notFinite() throws {
    let bench = Bench(rows: 4, columns: 6)
    var gram = bench.gram
    gram[2, 2] = .nan
    var weight = bench.weight
    weight[1, 3] = .infinity
    var beside = bench.gram
    (beside[4, 1], beside[1, 4]) = (.nan, .nan)
    for broken in [Bench(bench.weight, gram), Bench(weight, bench.gram), Bench(bench.weight, beside)] {
      let host = broken.host()
      host.parameters = ["method": "gptq"]
      let refusal = #expect(throws: Refusal.self) { try FakeRun(Bench.module.table, on: host).all() }
      #expect(refusal?.code == Int32(LATHE_ERR_NUMERICAL))
      #expect(refusal?.message.contains("not finite") == true && refusal?.message.contains("in w") == true)
      #expect(host.aliveTensors == 0)
    }
  }

  @Test("the output factor meets what the quantised input factor leaves of the inputs")
  func factors() throws {
    let bench = Bench(rows: 9, columns: 12)
    let (a, b) = (Bench.stored(.random(9, 5, seed: 4)), Bench.stored(.random(5, 12, seed: 5)))
    var scale = FakeFactor(.random(5, 1, seed: 6))
    scale.storage = .diagonal
    (scale.rows, scale.columns) = (5, 5)
    scale.values = Bench.stored(Matrix(5, 1, scale.values)).values
    let form = [[FakeFactor(b), scale, FakeFactor(a)]]
    let found = try bench.run(gptq(["group_size": "4"]), form).form
    let first = try #require(
      columnByColumn(b, bench.gram, bits: 3, groupSize: 4, byActivation: false))
    #expect((found[0][0].matrix - first).norm <= 1e-5 * first.norm)
    #expect(found[0][1] == scale)
    let middle = scale.matrix * found[0][0].matrix
    let second = try #require(
      columnByColumn(a, middle * bench.gram * middle.transposed, bits: 3, groupSize: 4, byActivation: false))
    #expect((found[0][2].matrix - second).norm <= 1e-5 * second.norm)
    // Rank 1: each factor has one row or one column.
    let thin = [[FakeFactor(.random(1, 12, seed: 7)), FakeFactor(.random(9, 1, seed: 8))]]
    #expect(try bench.run(gptq([:]), thin).form.matrix.values.allSatisfy { $0.isFinite })
  }

  @Test(
    "layers that read one input are rounded as each would be alone", arguments: ["natural", "activation"])
  func sharedInput(order: String) throws {
    let first = Bench(rows: 5, columns: 40)
    let second = Bench(.random(7, 40, seed: 11), first.gram)
    let parameters = gptq(["group_size": "16", "order": order])
    let host = FakeHost(
      [first, second].enumerated().map { index, bench in
        FakeNode("w\(index)", role: 1, block: 0, group: 0, weight: bench.weight, gram: bench.gram)
      })
    host.parameters = parameters
    try FakeRun(Bench.module.table, on: host).all()
    #expect(host.nodes[0].form == (try first.run(parameters).form))
    #expect(host.nodes[1].form == (try second.run(parameters).form))
    #expect(host.metric(1, "damping") == 0.01)
  }
}
