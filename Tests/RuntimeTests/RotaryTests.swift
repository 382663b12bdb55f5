import Foundation
import Graph
import LinearAlgebra
import TestSupport
import Testing

@testable import Runtime

@Suite struct RotaryTests {
  static let plain = RotaryConfiguration(theta: 10000, dimensions: 16, scaling: .none)

  static func scaled(_ scaling: RotaryConfiguration.Scaling) -> RotaryConfiguration {
    RotaryConfiguration(theta: 10000, dimensions: 16, scaling: scaling)
  }

  /// Halves of the first `dimensions` of each head turned by the angles of `frequencies`, in f64.
  static func oracle(
    _ x: [Float], position: Int, frequencies: [Double], headDimension: Int
  ) -> [Double] {
    var y = x.map(Double.init)
    let half = frequencies.count
    for start in stride(from: 0, to: x.count, by: headDimension) {
      for i in 0..<half {
        let angle = Double(position) * frequencies[i]
        let (a, b) = (Double(x[start + i]), Double(x[start + half + i]))
        y[start + i] = a * cos(angle) - b * sin(angle)
        y[start + half + i] = b * cos(angle) + a * sin(angle)
      }
    }
    return y
  }

  @Test("heads are rotated by halves, dimensions beyond the rotated ones stay", arguments: [4, 10, 16])
  func rotation(dimensions: Int) {
    let configuration = RotaryConfiguration(theta: 10000, dimensions: dimensions, scaling: .none)
    let input = Numbers.matrix(40, 48, seed: 1)
    var output = input
    output.withMutableView { RotaryTable(configuration, length: 40).forward($0, headDimension: 16) }
    let frequencies = (0..<dimensions / 2).map { pow(10000, -2 * Double($0) / Double(dimensions)) }
    for row in 0..<40 {
      let expected = Self.oracle(
        input.row(row), position: row, frequencies: frequencies, headDimension: 16)
      #expect(Numbers.distance(output.row(row), expected) < 2e-5)
    }
    for head in 0..<3 {
      let kept = 16 * head + dimensions..<16 * head + 16
      #expect(output.row(39)[kept] == input.row(39)[kept])
    }
  }

  @Test("linear scaling divides every frequency")
  func linear() {
    let expected = Self.plain.frequencies(length: 8).map { $0 / 4 }
    #expect(Self.scaled(.linear(factor: 4)).frequencies(length: 8) == expected)
  }

  @Test("dynamic scaling changes nothing up to the original length and raises the base beyond it")
  func dynamic() {
    let scaled = Self.scaled(.dynamic(factor: 2.5, originalPositions: 64))
    #expect(scaled.frequencies(length: 64) == Self.plain.frequencies(length: 64))
    let base = 10000 * pow(2.5 * 150 / 64 - 1.5, 16.0 / 14)
    let expected = (0..<8).map { pow(base, -2 * Double($0) / 16) }
    for (found, exact) in zip(scaled.frequencies(length: 150), expected) {
      #expect(abs(Double(found) / exact - 1) < 2e-6)
    }
  }

  @Test("llama3 scaling keeps high frequencies, divides low ones and blends between")
  func llama3() {
    let scaling = RotaryConfiguration.Scaling.llama3(
      factor: 8, lowFactor: 1, highFactor: 4, originalPositions: 64)
    let found = Self.scaled(scaling).frequencies(length: 8)
    for (new, old) in zip(found, Self.plain.frequencies(length: 8)) {
      let turns = 64 * Double(old) / (2 * .pi)
      let blend = min(max((turns - 1) / 3, 0), 1)
      #expect(abs(Double(new) - Double(old) * ((1 - blend) / 8 + blend)) < 1e-6 * Double(old))
    }
  }

  @Test("yarn keeps fast pairs, divides slow ones, and scales cosines", arguments: [true, false])
  func yarn(truncate: Bool) {
    let configuration = Self.scaled(
      .yarn(
        factor: 4, betaFast: 32, betaSlow: 1, originalPositions: 512, attentionFactor: 1.5, truncate: truncate
      ))
    func pair(_ turns: Double) -> Double { 16 * log(512 / (turns * 2 * .pi)) / (2 * log(10000)) }
    let low = truncate ? pair(32).rounded(.down) : pair(32)
    let high = truncate ? pair(1).rounded(.up) : pair(1)
    let plain = Self.plain.frequencies(length: 8)
    for (i, new) in configuration.frequencies(length: 8).enumerated() {
      let ramp = min(max((Double(i) - low) / (high - low), 0), 1)
      #expect(abs(Double(new) / Double(plain[i]) - (ramp / 4 + 1 - ramp)) < 1e-6)
    }
    var first = Matrix<Float>(rows: 1, columns: 16, Numbers.normals(16, seed: 2))
    let before = first.elements
    first.withMutableView { RotaryTable(configuration, length: 1).forward($0, headDimension: 16) }
    #expect(first.elements == before.map { $0 * 1.5 })
  }
}
