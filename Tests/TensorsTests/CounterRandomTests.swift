import Tensors
import Testing

@Suite struct CounterRandomTests {
  @Test("Philox 4x32-10 gives the published known answers")
  func knownAnswers() {
    let zero = CounterRandom(seed: 0).words(at: 0)
    #expect(zero == (0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    let ones = CounterRandom(seed: .max, stream: .max).words(at: .max)
    #expect(ones == (0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
  }

  @Test("a permutation holds every number once")
  func permutation() {
    let order = CounterRandom(seed: 7).permutation(count: 1000)
    #expect(order.sorted() == Array(0..<1000))
    #expect(order != Array(0..<1000))
  }

  @Test("uniform and normal draws have the moments of their laws")
  func moments() {
    let random = CounterRandom(seed: 3)
    let count = 20_000
    let uniform = (0..<count).map { Double(random.uniform(at: UInt64($0))) }
    let normal = (0..<count).map { Double(random.normal(at: UInt64($0))) }
    #expect(abs(uniform.reduce(0, +) / Double(count) - 0.5) < 0.01)
    #expect(abs(normal.reduce(0, +) / Double(count)) < 0.03)
    #expect(abs(normal.map { $0 * $0 }.reduce(0, +) / Double(count) - 1) < 0.04)
  }
}
