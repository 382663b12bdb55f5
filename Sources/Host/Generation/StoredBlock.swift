import CKernels
import Graph
import LinearAlgebra
import Runtime

/// One decoder block that runs as it is stored, on the next tokens of a sequence.
///
///     h = x + attentionOutput(attention(norm(x)))
///     y = h + down(f(gate(norm(h))) * up(norm(h)))
///
/// x, h, y: [T, D], T the new tokens; keys and values of those before come from the cache.
struct StoredBlock: Sendable {
  let inputNorm: RMSNorm
  let postAttentionNorm: RMSNorm
  let queryNorm: RMSNorm?
  let keyNorm: RMSNorm?
  let attention: CachedAttention
  let queryKeyValue: LinearGroup
  let attentionOutput: LinearGroup
  let gateUp: LinearGroup
  let down: LinearGroup
  let activation: Activation

  init(model: Model, block: Int) throws(RuntimeError) {
    let configuration = model.configuration
    let names = model.names
    func norm(_ template: String, count: Int) throws(RuntimeError) -> RMSNorm {
      let weight = try model.vector(TensorNames.name(template, block: block), count: count)
      return RMSNorm(weight: weight, epsilon: configuration.normEpsilon)
    }
    let layers = try StoredLinear.layers(of: model, block: block)
    func group(_ roles: Role...) throws(RuntimeError) -> LinearGroup {
      var members: [StoredLinear] = []
      for role in roles {
        guard let layer = layers[role] else { throw .missingLayer(role, block: block) }
        members.append(layer)
      }
      return LinearGroup(members)
    }
    inputNorm = try norm(names.inputNorm, count: configuration.hiddenSize)
    postAttentionNorm = try norm(names.postAttentionNorm, count: configuration.hiddenSize)
    if configuration.hasQueryKeyNorm {
      queryNorm = try norm(names.queryNorm, count: configuration.headDimension)
      keyNorm = try norm(names.keyNorm, count: configuration.headDimension)
    } else {
      (queryNorm, keyNorm) = (nil, nil)
    }
    let windows = configuration.windows
    attention = CachedAttention(
      headCount: configuration.headCount, keyValueHeadCount: configuration.keyValueHeadCount,
      headDimension: configuration.headDimension, window: block < windows.count ? windows[block] : nil)
    queryKeyValue = try group(.query, .key, .value)
    attentionOutput = try group(.attentionOutput)
    gateUp = try group(.gate, .up)
    down = try group(.down)
    activation = configuration.activation
  }

  /// An empty cache for a sequence.
  func makeCache() -> KeyValueCache {
    KeyValueCache(width: queryKeyValue.layers[1].outFeatures, window: attention.window)
  }

  /// Runs the block on the tokens that follow the cache's, in place, and adds theirs to it.
  func forward(
    _ hidden: MutableMatrixView<Float>, position: Int, cache: inout KeyValueCache, rotary: RotaryTable,
    workers: Workers
  ) throws(RuntimeError) {
    var scratch = Scratch(rows: hidden.rows)
    let normed = scratch.matrix(hidden.columns)
    let added = scratch.matrix(hidden.columns)
    let projected = queryKeyValue.layers.map { scratch.matrix($0.outFeatures) }
    inputNorm.forward(hidden.readable, into: normed)
    try queryKeyValue.forward(normed.readable, into: projected, workers: workers)
    for (values, norm) in [(projected[0], queryNorm), (projected[1], keyNorm)] {
      norm?.forward(values)
      rotary.forward(values, headDimension: attention.headDimension, start: position)
    }
    cache.append(keys: projected[1].readable, values: projected[2].readable)
    let heads = scratch.matrix(projected[0].columns)
    try attention.forward(queries: projected[0].readable, cache: cache, into: heads, workers: workers)
    try attentionOutput.forward(heads.readable, into: [added], workers: workers)
    hidden.add(added.readable)
    postAttentionNorm.forward(hidden.readable, into: normed)
    let units = gateUp.layers.map { scratch.matrix($0.outFeatures) }
    try gateUp.forward(normed.readable, into: units, workers: workers)
    activation.forward(gate: units[0].readable, up: units[1].readable, into: units[0])
    try down.forward(units[0].readable, into: [added], workers: workers)
    hidden.add(added.readable)
    withExtendedLifetime(scratch) {}
  }
}
