import Testing

@testable import SoCoStrategy

@Suite struct PartsTests {
  @Test("the pulled back gradient is the derivative, and both maps start at 1 and exceed it")
  func mapsAndTheirDerivatives() {
    for map in SpectrumMap.allCases {
      #expect(abs(map.scale(map.theta(of: 1)) - 1) < 1e-12)
      #expect(abs(map.scale(map.theta(of: 1.7)) - 1.7) < 1e-9)
      for theta in [0.3, 0.8, 1.5] {
        let slope = (map.scale(theta + 1e-6) - map.scale(theta - 1e-6)) / 2e-6
        #expect(abs(map.pulledBack(2, at: theta) - 2 * slope) < 1e-5)
      }
    }
    #expect(SpectrumMap.clamp.pulledBack(1, at: -0.1) == 0)
    #expect(SpectrumMap.clamp.pulledBack(-1, at: -0.1) == -1)
  }

  @Test("Adam follows its definition")
  func adam() {
    var adam = Adam(count: 1)
    var value = [1.0]
    var (m, v, x) = (0.0, 0.0, 1.0)
    for t in 1...20 {
      let g = x * x * x - 0.5
      m = Adam.beta1 * m + (1 - Adam.beta1) * g
      v = Adam.beta2 * v + (1 - Adam.beta2) * g * g
      let (c1, c2) = (
        (0..<t).reduce(1.0) { p, _ in p * Adam.beta1 }, (0..<t).reduce(1.0) { p, _ in p * Adam.beta2 }
      )
      x -= 0.1 * (m / (1 - c1)) / ((v / (1 - c2)).squareRoot() + Adam.epsilon)
      adam.step(&value, against: [value[0] * value[0] * value[0] - 0.5], rate: 0.1)
      #expect(abs(value[0] - x) < 1e-12)
    }
  }

  @Test("every pass over the text takes every window once, in an order of its own")
  func batches() {
    let order = BatchOrder(count: 12, size: 5, seed: 3)
    let windows = (0..<12).flatMap { order.windows(step: $0) }
    #expect(windows.count == 60)
    for window in 0..<12 { #expect(windows.count { $0 == window } == 5) }
    #expect(Set((0..<20).map { order.windows(step: $0) }).count > 10)
    #expect(order.windows(step: 7) == BatchOrder(count: 12, size: 5, seed: 3).windows(step: 7))
    #expect(order.windows(step: 0) != BatchOrder(count: 12, size: 5, seed: 4).windows(step: 0))
    #expect(BatchOrder(count: 2, size: 5, seed: 1).windows(step: 3) == [0, 1])
    #expect(Set(order.sample(12, draw: 0)).count == 12)
    #expect(order.sample(100, draw: 1).count == 12)
  }

  @Test("phases follow one another; the rate rises, holds and falls to nothing")
  func thePlan() {
    let plan = TrainingPlan(steps: 100, compress: 0.1, refine: 0.2, interval: 5)
    #expect(plan.refineStart == 10 && plan.sparsifyStart == 30)
    #expect((0..<100).filter { plan.selects(before: $0) } == [0, 5, 10, 15, 20, 25, 30])
    #expect(plan.excess(before: 0) > plan.excess(before: 5) - 1e-12 && plan.excess(before: 5) == 0)
    #expect(plan.rate(at: 0) < 0.2 && plan.rate(at: 20) == 1 && plan.rate(at: 99) < 0.001)
    #expect((30..<99).allSatisfy { plan.rate(at: $0) >= plan.rate(at: $0 + 1) })
    let settling = TrainingPlan(settling: 10, interval: 3)
    #expect((0..<10).filter { settling.selects(before: $0) } == [0])
    #expect(settling.phase(at: 0) == .sparsify)
  }
}
