import Foundation
import Graph
import Tensors

/// A decoder written down position by position in f64: slow, and easy to compare with the definition.
struct NaiveDecoder {
  typealias Vector = [Double]
  let model: Model
  private let configuration: DecoderConfiguration
  private let weights: [String: [Double]]

  init(_ model: Model) throws {
    self.model = model
    configuration = model.configuration
    weights = try Dictionary(
      uniqueKeysWithValues: model.storedTensors.map { ($0.name, try $0.tensor.doubles()) })
  }

  /// logits: [T][V].
  func logits(_ tokens: [Int32]) throws -> [Vector] {
    let width = configuration.hiddenSize
    let table = try vector(model.names.embedding)
    var states = tokens.map(Int.init).map { Array(table[$0 * width..<($0 + 1) * width]) }
    for block in 0..<configuration.blockCount {
      let normed = try states.map { try norm($0, name(model.names.inputNorm, block)) }
      let attended = try attention(normed, block)
      states = try zip(states, attended).map { state, heads in
        add(state, try layer(.attentionOutput, block, heads))
      }
      states = try states.map { state in
        let x = try norm(state, name(model.names.postAttentionNorm, block))
        let gate = try layer(.gate, block, x)
        let hidden = zip(gate, try layer(.up, block, x)).map { $0 / (1 + exp(-$0)) * $1 }
        return add(state, try layer(.down, block, hidden))
      }
    }
    let head = configuration.isTied ? table : try vector(model.names.head + ".weight")
    return try states.map { multiply(head, try norm($0, model.names.finalNorm)) }
  }

  private func attention(_ inputs: [Vector], _ block: Int) throws -> [Vector] {
    let d = configuration.headDimension
    let group = configuration.headCount / configuration.keyValueHeadCount
    let queries = try project(inputs, .query, model.names.queryNorm, block)
    let keys = try project(inputs, .key, model.names.keyNorm, block)
    let values = try inputs.map { try layer(.value, block, $0) }
    return inputs.indices.map { t in
      let first = max(0, configuration.windows[block].map { t - $0 + 1 } ?? 0)
      return (0..<configuration.headCount).flatMap { head in
        let own = head / group * d
        let scores = (first...t).map { s in
          exp(
            (0..<d).reduce(0) { $0 + queries[t][head * d + $1] * keys[s][own + $1] } / Double(d).squareRoot())
        }
        let sum = scores.reduce(0, +)
        return (0..<d).map { i in
          zip(first...t, scores).reduce(0) { $0 + $1.1 / sum * values[$1.0][own + i] }
        }
      }
    }
  }

  private func project(_ inputs: [Vector], _ role: Role, _ normName: String, _ block: Int) throws -> [Vector]
  {
    let d = configuration.headDimension
    return try inputs.enumerated().map { position, input in
      let all = try layer(role, block, input)
      return try stride(from: 0, to: all.count, by: d).flatMap { start in
        var head = Array(all[start..<start + d])
        if configuration.hasQueryKeyNorm { head = try norm(head, name(normName, block)) }
        return rotate(head, position)
      }
    }
  }

  private func rotate(_ head: Vector, _ position: Int) -> Vector {
    var result = head
    let half = configuration.rotary.dimensions / 2
    for i in 0..<half {
      let angle = Double(position) * pow(configuration.rotary.theta, -Double(i) / Double(half))
      result[i] = head[i] * cos(angle) - head[i + half] * sin(angle)
      result[i + half] = head[i + half] * cos(angle) + head[i] * sin(angle)
    }
    return result
  }

  private func norm(_ x: Vector, _ name: String) throws -> Vector {
    let mean = x.reduce(0) { $0 + $1 * $1 } / Double(x.count)
    return zip(x, try vector(name)).map { $0 / (mean + configuration.normEpsilon).squareRoot() * $1 }
  }

  private func layer(_ role: Role, _ block: Int, _ x: Vector) throws -> Vector {
    let template = model.names.linears.first { $0.role == role }?.name ?? ""
    let stem = name(template, block)
    let y = multiply(try vector(stem + ".weight"), x)
    guard let bias = weights[stem + ".bias"] else { return y }
    return add(y, bias)
  }

  private func multiply(_ matrix: Vector, _ x: Vector) -> Vector {
    (0..<matrix.count / x.count).map { row in
      x.indices.reduce(0) { $0 + matrix[row * x.count + $1] * x[$1] }
    }
  }

  private func add(_ a: Vector, _ b: Vector) -> Vector { zip(a, b).map { $0 + $1 } }

  private func name(_ template: String, _ block: Int) -> String { TensorNames.name(template, block: block) }

  private func vector(_ name: String) throws -> Vector {
    guard let found = weights[name] else { throw CocoaError(.keyValueValidation) }
    return found
  }
}
