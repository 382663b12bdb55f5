import Graph
import Synchronization
import Tensors

/// The parent's end of a worker with a strategy in it: sends calls, answers questions, names what went wrong.
final class WorkerLink: Sendable {
  private let process: WorkerProcess
  private let weights: ParentTensors
  private let lent: ParentTensors
  private let strategy: String
  private let path: String
  private let stage: Int
  private let log: @Sendable (LogLevel, String) -> Void
  private let isCancelled: @Sendable () -> Bool

  private struct State {
    /// What the worker has of the model.
    var model = ModelCopy()
    /// Why the worker is gone.
    var loss: PluginHostError?
  }
  /// One call at a time: calls of other blocks wait.
  private let state = Mutex(State())

  init(
    _ isolation: Isolation, weights files: [OpenFile], copies: OpenFile?, strategy: String, path: String,
    environment: StageEnvironment
  ) throws(PluginHostError) {
    self.strategy = strategy
    self.path = path
    (stage, log, isCancelled) = (environment.stage, environment.log, environment.isCancelled)
    do {
      process = try WorkerProcess(isolation, weights: files, copies: copies) { [log] in log(.info, $0) }
    } catch {
      throw .workerLost(
        stage: stage, strategy: strategy, path: path, phase: "start", reason: error.description)
    }
    let all = process.files
    let indices = Dictionary(
      all.enumerated().dropFirst(SharedFile.first).map { (ObjectIdentifier($1), $0) },
      uniquingKeysWith: { first, _ in first })
    weights = ParentTensors(
      .worker, arena: all[SharedFile.weights], files: indices, results: all[SharedFile.results])
    lent = ParentTensors(.call, arena: all[SharedFile.call], files: indices, results: all[SharedFile.results])
  }

  deinit {
    if let loss = process.end(isCancelled: isCancelled) {
      log(.warning, "stage \(stage), \(path), in destroy: \(loss)")
    }
  }

  /// Ends a worker that has nothing to destroy, and may not have the memory to end by itself.
  func discard() { process.discard() }

  /// Sends the message that `make` builds, which brings what the worker has of the model up to date.
  func exchange(
    _ context: CallContext, _ make: (inout ModelCopy) -> ParentMessage
  ) throws(PluginHostError) -> WorkerMessage {
    let answer: Result<WorkerMessage, PluginHostError> = state.withLock { state in
      if let loss = state.loss { return .failure(loss) }
      defer { lent.reset() }
      do {
        return .success(
          try process.exchange(
            make(&state.model), store: weights,
            isCancelled: context.environment.isCancelled
          ) { try self.answer($0, context) })
      } catch is WorkerProcess.Cancelled {
        state.loss = .cancelled
        return .failure(.cancelled)
      } catch {
        let loss = loss("\(error)", context)
        state.loss = loss
        return .failure(loss)
      }
    }
    return try answer.get()
  }

  /// The answer to a question, or nil for news.
  private func answer(_ message: WorkerMessage, _ context: CallContext) throws -> (
    ParentMessage, ParentTensors?
  )? {
    let environment = context.environment
    let nodes = context.snapshot.nodes
    switch message {
    case .statistic(let kind, let node, let upstream):
      guard nodes.indices.contains(node) else { return (.statistic(nil), nil) }
      return (.statistic(context.statistics?.statistic(kind, node: node, upstream: upstream)), lent)
    case .price(let node, let form):
      do {
        guard nodes.indices.contains(node) else { throw WorkerLoss(description: "there is no node \(node)") }
        try Self.check(form, of: nodes[node])
        return (.price(try environment.price(nodes[node], form)), nil)
      } catch {
        return (
          .refusal(CallResult.Words(status: StrategyStatus.unsupported.rawValue, message: "\(error)")), nil
        )
      }
    case .trial(let question):
      // Nothing else is lent in the phases that learn.
      lent.reset()
      do throws(CallFault) {
        return (.trial(try context.answer(question)), lent)
      } catch {
        if case .storage(let failure) = error { context.state.withLock { $0.storageFailure = failure } }
        return (.refusal(CallResult.Words(status: error.status.rawValue, message: error.message)), nil)
      }
    case .log(let level, let text): environment.log(level, text)
    case .progress(let fraction, let activity):
      guard fraction.isFinite else { break }
      environment.progress(min(1, max(0, fraction)), activity)
    case .report(let key, let node, let entry):
      guard node.map(nodes.indices.contains) ?? true else {
        throw WorkerLoss(description: "its worker process reported something of a node that does not exist")
      }
      environment.report.set(key, node: node, entry)
    case .loaded, .unusable, .created, .finished, .ended: break
    }
    return nil
  }

  /// Refuses a layer that only a damaged worker can send.
  private func check(_ given: ForeignLinear.Given, at index: Int, _ context: CallContext)
    throws(PluginHostError)
  {
    guard context.snapshot.nodes.indices.contains(index), context.environment.selected.contains(index) else {
      throw loss("its worker process replaced node \(index), which it may not", context)
    }
    let form =
      switch given {
      case .full(let linear): linear.form
      case .form(let form): form
      }
    do { try Self.check(form, of: context.snapshot.nodes[index]) } catch {
      throw loss("its worker process sent an impossible layer: \(error)", context)
    }
  }

  /// Refuses a result that only a damaged worker can send.
  func check(_ result: CallResult, _ context: CallContext) throws(PluginHostError) {
    for (index, given) in result.replacements { try check(given, at: index, context) }
    let (nodes, others) = (context.snapshot.nodes, context.snapshot.others)
    let areVectors = result.vectors.allSatisfy { name, tensor in
      others[name].map { $0.shape == tensor.shape && $0.elementType == tensor.elementType } ?? false
    }
    let areScalings = result.scalings.allSatisfy { index, scaling in
      guard nodes.indices.contains(index) else { return false }
      guard [scaling.input, scaling.output].allSatisfy({ $0?.allSatisfy(\.isFinite) ?? true }) else {
        return false
      }
      return (scaling.input?.count ?? nodes[index].inFeatures) == nodes[index].inFeatures
        && (scaling.output?.count ?? nodes[index].outFeatures) == nodes[index].outFeatures
    }
    guard areVectors, areScalings, result.unanswered.allSatisfy(nodes.indices.contains) else {
      throw loss("its worker process sent impossible scales", context)
    }
    for request in result.requests {
      do throws(CallFault) { try context.check(request) } catch {
        throw loss("its worker process sent an impossible request: \(error.message)", context)
      }
    }
  }

  private static func check(_ form: LinearForm, of node: Node) throws {
    guard form.terms.joined().allSatisfy(\.isPossible) else {
      throw WorkerLoss(description: "the form of \(node.name) has impossible sizes")
    }
    // What a plugin can give in this process, and more than any layer needs.
    guard form.terms.count <= 64, form.terms.allSatisfy({ $0.count <= 64 }) else {
      throw WorkerLoss(description: "the form of \(node.name) has too many factors")
    }
    try form.checkChain(outFeatures: node.outFeatures, inFeatures: node.inFeatures)
  }

  func unexpected(_ context: CallContext) -> PluginHostError {
    loss("its worker process answered something else than it was asked", context)
  }

  private func loss(_ reason: String, _ context: CallContext) -> PluginHostError {
    .workerLost(
      stage: stage, strategy: strategy, path: path, phase: "\(context.phase)", reason: reason)
  }
}
