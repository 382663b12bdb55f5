import Graph
import Glibc
import Testing

@testable import Export

@Suite struct GGUFRotaryTests {
  private func rotary(_ scaling: RotaryConfiguration.Scaling) throws -> GGUFRotary {
    var configuration = GGUFBench.configuration()
    configuration.rotary = RotaryConfiguration(theta: 500_000, dimensions: 16, scaling: scaling)
    let model = Model(
      configuration: configuration, names: .huggingFace, nodes: [], linears: [], others: [:])
    return try GGUFRotary(configuration, try GGUFArchitecture(for: model))
  }

  @Test("Llama 3's factors divide the frequencies to those of its own rule")
  func llama3() throws {
    let factors = try #require(
      try rotary(.llama3(factor: 8, lowFactor: 1, highFactor: 4, originalPositions: 64)).frequencyFactors)
    #expect(factors.count == 8)
    for (i, factor) in factors.enumerated() {
      let frequency = pow(500_000, -Double(i) / 8)
      let wavelength = 2 * Double.pi / frequency
      var wanted = frequency
      if wavelength > 64 {
        wanted = frequency / 8
      } else if wavelength >= 16 {
        let smooth = (64 / wavelength - 1) / 3
        wanted = (1 - smooth) * frequency / 8 + smooth * frequency
      }
      #expect(abs(frequency / Double(factor) / wanted - 1) < 1e-6)
    }
    #expect(factors.first == 1)
    #expect(factors.last == 8)
  }

  @Test("yarn's attention factor is written as the quotient by the paper's")
  func yarn() throws {
    func written(_ attentionFactor: Double) throws -> GGUFValue? {
      try rotary(
        .yarn(
          factor: 4, betaFast: 32, betaSlow: 1, originalPositions: 64, attentionFactor: attentionFactor,
          truncate: true)
      ).metadata.first { $0.key == "llama.rope.scaling.attn_factor" }?.value
    }
    let usual = 0.1 * log(4.0) + 1
    #expect(try written(usual) == .f32(1))
    #expect(try written(2 * usual) == .f32(2))
  }

  @Test("linear scaling keeps its factor")
  func linear() throws {
    let metadata = try rotary(.linear(factor: 3)).metadata
    #expect(metadata.contains { $0.key == "llama.rope.scaling.type" && $0.value == .string("linear") })
    #expect(metadata.contains { $0.key == "llama.rope.scaling.factor" && $0.value == .f32(3) })
  }
}
