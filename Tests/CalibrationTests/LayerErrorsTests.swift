import Calibration
import Graph
import LinearAlgebra
import Runtime
import Tensors
import TestSupport
import Testing

@Suite struct LayerErrorsTests {
  private func measure(_ fixture: PassFixture, _ compressed: Model, threads: Int = 1) throws -> [Int: Double]
  {
    let replaced = fixture.model.nodes.map(\.index).filter {
      fixture.model.linears[$0].form != compressed.linears[$0].form
    }
    return try LayerErrors.measure(
      original: fixture.model, compressed: compressed, replaced: Set(replaced), set: fixture.set,
      settings: fixture.settings(threads: threads), progress: { _ in })
  }

  @Test("errors are ||(W - W') X|| / ||W X|| on the original model's inputs, biases left out")
  func naive() throws {
    let fixture = try PassFixture(.qwen2)
    let model = fixture.model
    let compressed = try fixture.compressed(fixture.compressed(model, block: 0), block: 1)
    let naive = try NaiveInputs(fixture.set.windows, upTo: 2) { _ in model }
    let found = try measure(fixture, compressed)
    #expect(found.count == 12)
    for (index, error) in found {
      let node = model.nodes[index]
      let w = try DenseProduct.weight(of: model.linears[index]).doubles()
      let v = try DenseProduct.weight(of: compressed.linears[index]).doubles()
      var (difference, norm) = (0.0, 0.0)
      for x in naive.inputs(node) {
        for i in 0..<node.outFeatures {
          var (y, z) = (0.0, 0.0)
          for j in 0..<node.inFeatures {
            y += w[i * node.inFeatures + j] * x[j]
            z += v[i * node.inFeatures + j] * x[j]
          }
          difference += (y - z) * (y - z)
          norm += y * y
        }
      }
      #expect(abs(error / (difference / norm).squareRoot() - 1) < 1e-5, "\(node.name)")
    }
  }

  @Test("errors are the same numbers for any number of threads")
  func threads() throws {
    let fixture = try PassFixture(samples: 7)
    let compressed = try fixture.compressed(fixture.model, block: 1)
    let one = try measure(fixture, compressed)
    #expect(one.keys.sorted() == [7, 8, 9, 10, 12, 13])
    #expect(try measure(fixture, compressed, threads: 2) == one)
    #expect(try measure(fixture, compressed, threads: 5) == one)
  }

  @Test("an exact factorisation has no error, and without replacements there is nothing to measure")
  func exact() throws {
    let fixture = try PassFixture()
    var same = fixture.model
    let node = same.nodes[0]
    guard case .dense(let weight) = same.linears[0].terms[0][0] else { return }
    let identity = Tensor([24], [Float](repeating: 1, count: 24))
    try same.replace(
      node,
      with: Linear(
        outFeatures: 32, inFeatures: 24, terms: [[.diagonal(identity), .dense(weight)]], bias: nil))
    let errors = try measure(fixture, same)
    #expect(errors.count == 1 && (errors[0] ?? 1) < 1e-7)
    #expect(try measure(fixture, fixture.model).isEmpty)
  }
}
