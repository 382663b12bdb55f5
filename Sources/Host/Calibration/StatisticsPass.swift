import Graph
import LinearAlgebra
import Runtime
import Tensors

/// Streams the calibration windows through a model block by block and serves what was requested.
///
/// Windows of a chunk run at the same time, each on one thread; sums take their rows in the order of the text.
/// Chunks have a fixed size, so no result depends on the number of threads.
public final class StatisticsPass {
  private let model: Model
  private let requests: [StatisticRequest]
  private let settings: CalibrationSettings
  private let rotary: RotaryTable
  private let original: HiddenStates
  private let compressed: HiddenStates?
  /// Whether any statistic reads the original stream; if none does it stays where it is.
  private let readsOriginal: Bool
  private let lastBlock: Int

  /// A pass for the requests of `phase`; nil when there are none.
  public init?(
    _ model: Model, set: CalibrationSet, requests: [StatisticRequest], phase: StatisticPhases,
    settings: CalibrationSettings
  ) throws(CalibrationError) {
    let wanted = requests.filter { !$0.phases.isDisjoint(with: phase) }
    guard let lastBlock = wanted.compactMap({ model.nodes[$0.node].block }).max() else { return nil }
    self.model = model
    self.requests = wanted
    self.settings = settings
    self.lastBlock = lastBlock
    readsOriginal = wanted.contains { request in
      request.upstream == .original || request.kind == .inputCrossGram || request.kind == .blockSimilarity
    }
    rotary = RotaryTable(model.configuration.rotary, length: set.context)
    let embedding: EmbeddingTable
    do { embedding = try EmbeddingTable(model: model) } catch { throw .runtime(error) }
    let windows = Self.windows(set, wanted)
    func start() throws(CalibrationError) -> HiddenStates {
      try HiddenStates(windows, embedding: embedding, scratch: settings.scratch, workers: settings.workers)
    }
    original = try start()
    compressed = wanted.contains { $0.upstream == .compressed } ? try start() : nil
  }

  /// What is read: all windows, or, where fewer tokens do for every request, as many as one of them needs, taken evenly.
  private static func windows(_ set: CalibrationSet, _ requests: [StatisticRequest]) -> [[Int32]] {
    guard requests.allSatisfy({ $0.sufficientTokens != nil }) else { return set.windows }
    let tokens = requests.compactMap(\.sufficientTokens).max() ?? 0
    let count = min(max((tokens + set.context - 1) / max(set.context, 1), 1), set.windows.count)
    return (0..<count).map { set.windows[$0 * set.windows.count / count] }
  }

  /// Runs `block` as it entered the stage and returns its statistics. Blocks come in order, each once.
  public func collect(block: Int) throws(CalibrationError) -> BlockStatistics {
    guard block <= lastBlock else { return BlockStatistics() }
    let own = requests.filter { model.nodes[$0.node].block == block }
    var sums = BlockAccumulators(
      own, model: model, windows: original.count, windowRows: original.rows, seed: settings.seed)
    let prepared = try prepare(model, block)
    let sites = sums.sites(.original)
    let shiftedSites = sums.sites(.compressed)
    // Behind the last block nobody reads the stream.
    let continues = block < lastBlock || sums.needsSimilarity
    let (inputs, shifted) = (siteInputs(sites), siteInputs(shiftedSites))
    for chunk in chunks(sites: sites.union(shiftedSites)) {
      if settings.isCancelled() { throw .cancelled }
      let states = readsOriginal ? try run(prepared, original, chunk, inputs, replacing: continues) : []
      if sums.needsSimilarity {
        for (before, after) in states { sums.addSimilarity(before: before, after: after) }
      }
      try add(inputs, sites, .original, chunk, to: &sums)
      if let compressed, !shiftedSites.isEmpty {
        _ = try run(prepared, compressed, chunk, shifted, replacing: false)
        try add(shifted, shiftedSites, .compressed, chunk, to: &sums)
        try addPairs(inputs, shifted, chunk, to: &sums)
      }
      sums.count(tokens: chunk.count * original.rows)
      original.evict(chunk)
    }
    model.evict(block: block)
    return try BlockStatistics(own, sums, model: model, workers: settings.workers)
  }

  /// Moves the compressed stream through `block` as the stage has left it in `model`.
  public func advance(block: Int, through model: Model) throws(CalibrationError) {
    guard let compressed, block < lastBlock else { return }
    let prepared = try prepare(model, block)
    for chunk in chunks(sites: []) {
      if settings.isCancelled() { throw .cancelled }
      _ = try run(prepared, compressed, chunk, siteInputs([]), replacing: true)
      compressed.evict(chunk)
    }
  }

  private func prepare(_ model: Model, _ block: Int) throws(CalibrationError) -> PreparedBlock {
    do { return try PreparedBlock(model: model, block: block, workers: settings.workers) } catch {
      throw .runtime(error)
    }
  }

  /// Runs a chunk of windows through the block and returns their states before and after; where it does not replace
  /// them, only as far as `inputs` reach, and what comes after has no meaning.
  private func run(
    _ block: PreparedBlock, _ states: HiddenStates, _ chunk: Range<Int>, _ inputs: SiteInputs, replacing: Bool
  ) throws(CalibrationError) -> [(Matrix<Float>, Matrix<Float>)] {
    let rotary = rotary
    let last = replacing ? nil : inputs.last
    do {
      return try settings.workers.map(count: chunk.count) { (index) throws(RuntimeError) in
        let before = states.window(chunk.lowerBound + index)
        var after = before
        try block.forward(&after, rotary: rotary, until: last, capture: inputs.capture(window: index))
        if replacing { states.store(after, at: chunk.lowerBound + index) }
        return (before, after)
      }
    } catch {
      throw .runtime(error)
    }
  }

  private func add(
    _ inputs: SiteInputs, _ sites: Set<InputSite>, _ upstream: Upstream, _ chunk: Range<Int>,
    to sums: inout BlockAccumulators
  ) throws(CalibrationError) {
    for site in sites.sorted(by: { $0.rawValue < $1.rawValue }) {
      guard let rows = inputs.rows(of: site, windows: chunk.count) else { continue }
      do {
        try sums.add(
          rows, site: site, upstream: upstream, firstRow: chunk.lowerBound * original.rows,
          workers: settings.workers)
      } catch {
        throw .linearAlgebra(error)
      }
    }
  }

  private func addPairs(
    _ inputs: SiteInputs, _ shifted: SiteInputs, _ chunk: Range<Int>, to sums: inout BlockAccumulators
  ) throws(CalibrationError) {
    for site in sums.crossGrams.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
      guard let left = inputs.rows(of: site, windows: chunk.count),
        let right = shifted.rows(of: site, windows: chunk.count)
      else { continue }
      do {
        try sums.addPair(original: left, compressed: right, site: site, workers: settings.workers)
      } catch {
        throw .linearAlgebra(error)
      }
    }
  }

  private func siteInputs(_ sites: Set<InputSite>) -> SiteInputs {
    SiteInputs(
      sites: sites, configuration: model.configuration, windows: windowsPerChunk(sites), rows: original.rows)
  }

  private func chunks(sites: Set<InputSite>) -> [Range<Int>] {
    let size = windowsPerChunk(sites)
    return stride(from: 0, to: original.count, by: size).map { $0..<min($0 + size, original.count) }
  }

  /// Borders depend on shapes alone: at least two windows, at most what fits the memory for a chunk.
  private func windowsPerChunk(_ sites: Set<InputSite>) -> Int {
    let perRow = SiteInputs.rowBytes(sites, model.configuration) + 8 * model.configuration.hiddenSize
    return min(
      max(2, CalibrationSettings.chunkBytes / (perRow * max(original.rows, 1))), max(original.count, 1))
  }
}

/// What a pass needs besides model and text.
public struct CalibrationSettings: Sendable {
  public var seed: UInt64
  public var workers: Workers
  public var scratch: ScratchFile
  public var isCancelled: @Sendable () -> Bool

  /// Memory for the captured inputs of one chunk.
  static let chunkBytes = 96 << 20

  public init(
    seed: UInt64, workers: Workers, scratch: ScratchFile,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    self.seed = seed
    self.workers = workers
    self.scratch = scratch
    self.isCancelled = isCancelled
  }
}
