import CLathe
import Glibc
import Synchronization
import Tensors

/// A host that watches: it serves one instance on one tiny model, tolerates what is wrong and writes it down.
final class CheckedHost: @unchecked Sendable {
  /// A rule that was broken: the name of the case that is about it.
  struct Finding: Sendable {
    let rule: String
    let call: String
    let what: String
  }

  struct Request: Sendable, Hashable {
    let node: Int
    let kind: Int32
    let isShifted: Bool
    let forAnalyze: Bool
    let forCompress: Bool
    let isDouble: Bool
    let maxRows: Int
  }

  struct State {
    var findings: [Finding] = []
    var forms: [TinyForm]
    var biases: [[Double]?]
    var replaced: Set<Int> = []
    var scalings: [Int: NodeScaling] = [:]
    /// What is left of norms that took up scales, by input group; ones elsewhere.
    var norms: [UInt32: [Double]] = [:]
    var requests: [Request] = []
    var kept: [String: KeptTensor] = [:]
    /// Metrics and series by node and key.
    var reported: [String: [Double]] = [:]
    var tensors: [HostTensor] = []
    var calls: [CheckedCall] = []
    /// The functions that may fail, in the order in which they were called.
    var fallible: [String] = []
    var entered = 0
    var failed: String?
  }

  struct KeptTensor: Sendable {
    let dtype: lathe_dtype
    let shape: [Int64]
    let bytes: [UInt8]
  }

  let model: TinyModel
  let strategy: StrategyUnderTest
  let options: HostOptions
  let trace: TraceLog?
  let tally: RunTally
  let state: Mutex<State>
  /// Beside the state: a lock round each body of for_each would order them, and hide races from ThreadSanitizer.
  private let polled = Atomic(0)

  init(
    _ strategy: StrategyUnderTest, model: TinyModel, options: HostOptions, trace: TraceLog?, tally: RunTally
  ) {
    self.tally = tally
    self.strategy = strategy
    self.model = model
    self.options = options
    self.trace = trace
    state = Mutex(State(forms: model.nodes.map(\.form), biases: model.nodes.map(\.bias)))
  }

  var tables: HostTables { options.tableGrowth > 0 ? .grown : .plain }

  /// Bytes that the selected nodes may take; nil for a strategy without a budget.
  var target: Int? {
    strategy.takesBudget ? Int((options.keep ?? Subject.usualKeep) * Double(model.selectedBytes)) : nil
  }

  /// The ids this host offers.
  func offers(_ id: String) -> Bool {
    StrategyUnderTest.knownExtensions.contains(id) && !options.withheld.contains(id)
  }

  private let began = ContinuousClock.now

  func note(_ rule: String, _ call: String, _ what: String) {
    state.withLock { state in
      guard !state.findings.contains(where: { $0.rule == rule }) else { return }
      state.findings.append(Finding(rule: rule, call: call, what: what))
    }
  }

  var findings: [Finding] { state.withLock { $0.findings } }

  /// The findings that are more than advice.
  var faults: [Finding] { findings.filter { ValidationCase.named($0.rule)?.isAdvice != true } }

  /// Tensors that the plugin owns and has not deleted.
  var aliveTensors: [HostTensor] { state.withLock { $0.tensors }.filter { $0.isOwned && $0.deletions == 0 } }

  /// The fault of the first finding about `rule`.
  func fault(_ rule: String) -> CaseFault? {
    findings.first { $0.rule == rule }.map { .broken(call: $0.call, what: $0.what) }
  }

  /// Whether the next call that may fail is the one that must.
  func shouldFail(_ kind: HostOptions.Fallible, _ function: String) -> Bool {
    guard let wanted = options.failingCall, options.failing == kind else { return false }
    return state.withLock { state in
      defer { state.fallible.append(function) }
      guard state.fallible.count == wanted else { return false }
      state.failed = function
      return true
    }
  }

  /// The function that was made to fail, if it was reached.
  var failedFunction: String? { state.withLock { $0.failed } }

  /// Whether the user has asked to stop, which every poll asks.
  func poll() -> Bool {
    let count = polled.wrappingAdd(1, ordering: .relaxed).newValue
    if let patience = options.patience, ContinuousClock.now - began > patience { return true }
    return options.cancelAtPoll.map { count > $0 } ?? false
  }

  var polls: Int { polled.load(ordering: .relaxed) }

  /// With concurrent blocks: holds the first host call of each until all are inside the plugin.
  func gate() {
    guard options.concurrentBlocks > 1 else { return }
    state.withLock { $0.entered += 1 }
    for _ in 0..<200 {
      if state.withLock({ $0.entered }) >= options.concurrentBlocks { return }
      usleep(1000)
    }
  }

  func isInsideParallel() -> Bool { ParallelDepth.now > 0 }

  /// Runs `body` as one of the bodies of for_each.
  func insideParallel<Result>(_ body: () -> Result) -> Result {
    ParallelDepth.now += 1
    defer { ParallelDepth.now -= 1 }
    return body()
  }
}
