import Calibration
import CKernels
import Graph
import LinearAlgebra
import Synchronization
import Tensors

/// The worker's end: loads one library, runs one instance of it, and asks the parent for what it does not have.
final class WorkerSession: @unchecked Sendable {
  private let channel: MessageChannel
  private let heartbeat: Heartbeat
  private let tensors: WorkerTensors
  /// One question at a time.
  private let asking = Mutex<Void>(())
  private let prices = Mutex<[PricedForm: Int]>([:])
  private let kept = KeptTensors()
  // Only the main thread, which serves one message after the other, touches these.
  private var library: PluginLibrary?
  private var workers = Workers.serial
  private var scratch: ScratchFile?
  private var model = ModelCopy()
  private var instance: LoadedInstance?

  private struct PricedForm: Hashable {
    let node: Int
    let form: LinearForm
  }

  /// What the parent says instead of an answer.
  private struct Refusal: Error, CustomStringConvertible {
    let description: String
  }

  init(_ channel: MessageChannel, heartbeat: Heartbeat, tensors: WorkerTensors) {
    self.channel = channel
    self.heartbeat = heartbeat
    self.tensors = tensors
  }

  /// Answers message after message until the parent says that it is over.
  func serve() throws {
    while true {
      let message = try channel.receive(ParentMessage.self, store: tensors)
      tensors.reset()
      switch message {
      case .load(let load): try channel.send(self.load(load))
      case .create(let index, let stage, let change): try send(create(index, stage, change))
      case .call(let phase, let stage, let change, let declared):
        try send(call(phase, stage, change, declared))
      case .statistic, .price, .trial, .refusal: throw Refusal(description: "an answer without a question")
      case .end:
        instance = nil
        try channel.send(WorkerMessage.ended)
        return
      }
    }
  }

  private func load(_ load: ParentMessage.Load) -> WorkerMessage {
    workers = Workers(threads: load.threads)
    do {
      scratch = try load.scratch.map { path throws(TensorError) in try ScratchFile(directory: path) }
      if let limit = load.memoryLimit, worker_limit_memory(UInt64(limit)) != 0 {
        return .unusable("its memory could not be limited to \(WorkerLoss.bytes(limit))")
      }
      let library = try PluginLibrary(path: load.path, hash: load.hash)
      self.library = library
      return .loaded(library.facts)
    } catch let error as PluginHostError {
      return .unusable(error.reason)
    } catch { return .unusable("\(error)") }
  }

  private func create(
    _ index: Int, _ stage: StageFacts, _ change: ModelChange
  ) throws -> WorkerMessage {
    guard let descriptor = try library?.descriptor(index) else { throw Refusal(description: "no library") }
    let context = try context(.create, stage, change)
    let (status, made) = LoadedInstance.create(descriptor, context)
    instance = made
    return .created(CallResult(status, context.state.withLock { $0 }), phases: made?.phases)
  }

  private func call(
    _ phase: CallContext.Phase, _ stage: StageFacts, _ change: ModelChange, _ declared: Set<Int32>
  ) throws -> WorkerMessage {
    guard let instance else { throw Refusal(description: "no instance") }
    let context = try context(phase, stage, change, declared: declared)
    let status = instance.call(context)
    if change.hasValues { model.evict() }
    return .finished(CallResult(status, context.state.withLock { $0 }))
  }

  /// Sends a result; layers that do not fit the shared memory become a failure of the call.
  private func send(_ message: WorkerMessage) throws {
    func failure(_ reason: String) throws {
      var state = CallContext.State()
      state.failure = (.noMemory, reason)
      try channel.send(WorkerMessage.finished(CallResult(StrategyStatus.noMemory.rawValue, state)))
    }
    do { try channel.send(message, store: tensors) } catch let loss as WorkerLoss {
      guard case .finished = message else { throw loss }
      try failure(loss.description)
    } catch MessageChannel.Fault.malformed(let reason) {
      guard case .finished = message else { throw MessageChannel.Fault.malformed(reason) }
      try failure("what it left is a message \(reason)")
    }
  }

  private func context(
    _ phase: CallContext.Phase, _ stage: StageFacts, _ change: ModelChange,
    declared: Set<Int32> = []
  ) throws -> CallContext {
    model.apply(change)
    guard let snapshot = model.snapshot(change) else { throw Refusal(description: "the model is incomplete") }
    return CallContext(
      phase, environment: environment(stage, snapshot.nodes), snapshot: snapshot,
      parameters: stage.parameters,
      statistics: RemoteStatistics(session: self), declaredStatistics: declared, kept: kept)
  }

  private func environment(_ stage: StageFacts, _ nodes: [Node]) -> StageEnvironment {
    var environment = StageEnvironment(
      seed: stage.seed, stage: stage.stage, workers: workers, selected: stage.selected, budget: stage.budget,
      price: { [self] node, form in try price(node.index, form) }, scratch: scratch,
      isCancelled: { [heartbeat] in heartbeat.isCancelled },
      log: { [self] level, text in tell(.log(level, text)) },
      progress: { [self] fraction, activity in tell(.progress(fraction, activity)) },
      report: StageReport { [self] key, node, entry in tell(.report(key: key, node: node, entry)) })
    environment.nodeParameters = stage.nodeParameters
    environment.heartbeat = heartbeat
    environment.keptFolder = stage.keptPath.map { KeptFolder(path: $0) }
    environment.remoteTrials = stage.learns ? RemoteTrials(session: self) : nil
    return environment
  }

  /// News for the parent. If it is gone, so is this process in a moment.
  private func tell(_ message: WorkerMessage) {
    do { try channel.send(message) } catch MessageChannel.Fault.malformed(let reason) {
      try? channel.send(WorkerMessage.log(.warning, "a message was dropped: it is \(reason)"))
    } catch {}
  }

  private func ask(_ question: WorkerMessage) throws -> ParentMessage {
    try asking.withLock { _ in
      try channel.send(question, store: tensors)
      // What was sent has been copied once there is an answer.
      defer { tensors.reset() }
      return try channel.receive(ParentMessage.self, store: tensors)
    }
  }

  /// A form of a node has one price as long as the stage lasts.
  private func price(_ node: Int, _ form: LinearForm) throws -> Int {
    let key = PricedForm(node: node, form: form)
    if let known = prices.withLock({ $0[key] }) { return known }
    switch try ask(.price(node: node, form)) {
    case .price(let bytes):
      prices.withLock { $0[key] = bytes }
      return bytes
    case .refusal(let words): throw Refusal(description: words.message)
    default: throw Refusal(description: "the parent answered something else than it was asked")
    }
  }

  /// Has the parent do a call of lathe.training/1, however long it takes there.
  func trial(_ question: TrialQuestion) throws(CallFault) -> TrialAnswer {
    heartbeat.enter()
    defer { heartbeat.leave() }
    let answer: ParentMessage
    do { answer = try ask(.trial(question)) } catch { throw .noMemory("\(error)") }
    switch answer {
    case .trial(let answer): return answer
    case .refusal(let words):
      switch StrategyStatus(rawValue: words.status) {
      case .cancelled: throw .cancelled
      case .numerical: throw .numerical(words.message)
      case .unsupported: throw .unsupported(words.message)
      case .noMemory: throw .noMemory(words.message)
      case .invalid: throw .invalid(words.message)
      default: throw .contract(words.message)
      }
    default: throw .contract("the parent answered something else than it was asked")
    }
  }

  fileprivate func statistic(_ kind: StatisticKind, _ node: Int, _ upstream: Upstream) -> Statistic? {
    guard case .statistic(let found)? = try? ask(.statistic(kind, node: node, upstream: upstream)) else {
      return nil
    }
    return found
  }
}

/// Statistics that the parent has.
private struct RemoteStatistics: StatisticSource {
  let session: WorkerSession

  func statistic(_ kind: StatisticKind, node: Int, upstream: Upstream) -> Statistic? {
    session.statistic(kind, node, upstream)
  }
}
