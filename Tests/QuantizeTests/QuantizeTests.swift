import CLathe
import FakeHost
import PluginKit
import QuantizeStrategy
import Testing

@Suite struct QuantizeTests {
  static let module = PluginModule(vendor: "tests", license: "none", strategies: [Quantize.self])

  static func host(_ weight: Matrix) -> FakeHost {
    let gram = Matrix.identity(weight.columns)
    return FakeHost([FakeNode("w", role: 1, block: 0, group: 0, weight: weight, gram: gram)])
  }

  private func run(_ host: FakeHost, _ parameters: [String: String]) throws -> FakeFactor {
    host.parameters = parameters
    try FakeRun(Self.module.table, on: host).all()
    return host.nodes[0].form[0][0]
  }

  @Test(
    "no element is off by more than half a scale",
    arguments: 2...8, [ElementType.float32, .bfloat16, .float16])
  func noElementIsOffByMoreThanHalfAScale(bits: Int, type: ElementType) throws {
    // 21 columns in groups of 8 leave a ragged last group of 5; one row of zeros, one of one sign.
    var weight = Matrix.random(9, 21, seed: UInt64(bits))
    for j in 0..<21 {
      weight[4, j] = 0
      weight[5, j] = 2 + abs(weight[5, j])
    }
    for symmetric in ["true", "false"] {
      for groupSize in [0, 1, 8, 21, 64] {
        let host = Self.host(Matrix(9, 21, weight.values.map { Double(type.rounded(Float($0))) }))
        let exact = host.nodes[0].form.matrix
        host.setStored(type == .bfloat16 ? .bfloat : type == .float16 ? .half : .single)
        let factor = try run(
          host, ["bits": "\(bits)", "group_size": "\(groupSize)", "symmetric": symmetric])
        let width = groupSize == 0 ? 21 : groupSize
        let groups = (21 + width - 1) / width
        #expect(factor.scales.count == 9 * groups && factor.values.count == 9 * 21)
        #expect((factor.zeros == nil) == (symmetric == "true"))
        #expect(factor.values.allSatisfy { $0 >= 0 && $0 < Double(1 << bits) })
        #expect(factor.scales.allSatisfy { Double(type.rounded(Float($0))) == $0 })
        let difference = factor.matrix - exact
        for i in 0..<9 {
          for j in 0..<21 {
            let scale = factor.scales[i * groups + j / width]
            #expect(abs(difference[i, j]) <= scale / 2 * (1 + 1e-12))
            if i == 4 { #expect(factor.matrix[i, j] == 0) }
          }
        }
        let error = try #require(host.metric(0, "weight_error"))
        #expect(abs(error - difference.norm / exact.norm) <= 1e-12)
      }
    }
  }

  @Test("codes are those of the formula, ties to even")
  func codesAreThoseOfTheFormula() throws {
    // Range -1...2 in two bits: scale 1, zero 1. The ties 0.5 and 1.5 go to 0 and 2.
    let factor = try run(
      Self.host(Matrix(1, 6, [-1, 2, 0.5, 1.5, -0.5, 0.6])), ["bits": "2", "group_size": "0"])
    #expect(factor.scales == [1] && factor.zeros == [1])
    #expect(factor.values == [0, 3, 1, 3, 1, 2])
  }

  @Test("every dense factor of every term is quantised, the others stay")
  func everyDenseFactorIsQuantised() throws {
    let host = Self.host(.random(6, 8, seed: 1))
    var diagonal = FakeFactor(.random(3, 1, seed: 4))
    diagonal.storage = .diagonal
    (diagonal.rows, diagonal.columns) = (3, 3)
    diagonal.values = [0.5, -2, 3]
    let kept = try run(Self.host(.random(6, 8, seed: 9)), ["bits": "3"])
    host.setForm([
      [FakeFactor(.random(3, 8, seed: 2)), diagonal, FakeFactor(.random(6, 3, seed: 3))], [kept],
    ])
    host.parameters = ["bits": "4", "group_size": "4"]
    let plugin = try FakeRun(Self.module.table, on: host)
    try plugin.forecast(0)
    try plugin.all()
    let form = host.nodes[0].form
    #expect(form[0][0].storage == .quantized(bits: 4, groupSize: 4))
    #expect(form[0][1] == diagonal && form[1] == [kept])
    #expect(form[0][2].storage == .quantized(bits: 4, groupSize: 4) && form[0][2].scales.count == 6)
    let forecast = try #require(host.forecast(0))
    for (expected, found) in zip(forecast.joined(), form.joined()) {
      #expect(expected.storage == found.storage && expected.rows == found.rows)
      #expect(expected.columns == found.columns && expected.hasZeros == found.hasZeros)
    }
    // [3, 8] in groups of 4: 3 * (8 * 4 + 2 * 36) bits; [6, 3]: 6 * (3 * 4 + 36); diagonal 3 * 32; old [6, 8] in 3
    // bits: 6 * (8 * 3 + 35).
    let bits = Double(3 * (32 + 72) + 6 * (12 + 36) + 96 + 6 * (24 + 35)) / Double(24 + 18 + 3 + 48)
    #expect(abs((host.metric(0, "bits") ?? 0) - bits) < 1e-12)
  }

  @Test("an unselected linear is left alone, and a weight that is not finite is named")
  func notFiniteIsNamed() throws {
    var weight = Matrix.random(3, 4, seed: 2)
    weight[1, 2] = .infinity
    let host = Self.host(weight)
    let refusal = #expect(throws: Refusal.self) { try run(host, [:]) }
    #expect(refusal?.code == Int32(LATHE_ERR_NUMERICAL))
    #expect(refusal?.message.contains("row 1 is not finite, in w") == true)
    #expect(host.aliveTensors == 0)
    host.setSelected(false)
    #expect(try run(host, [:]).storage == .dense)
  }

  @Test("it asks for no statistics and no analysis")
  func itAsksForNothing() throws {
    let host = Self.host(.random(3, 4, seed: 2))
    let plugin = try FakeRun(Self.module.table, on: host)
    #expect(plugin.instance.pointee.analyze == nil && plugin.instance.pointee.allocate == nil)
    try plugin.all()
    #expect(host.requestedNodes.isEmpty)
  }
}
