import CLathe
import Graph
import Synchronization
import Tensors

/// An instance in a worker process, which sees ordinary host tables there. What the parent alone knows, statistics
/// and prices, is asked for while a call lasts.
final class WorkerInstance: InstanceCalls {
  let phases: InstancePhases
  private let link: WorkerLink

  private init(_ phases: InstancePhases, _ link: WorkerLink) {
    self.phases = phases
    self.link = link
  }

  /// Starts a worker, loads `library` there and calls create.
  static func create(
    _ library: PluginLibrary, index: Int, isolation: Isolation, files: [OpenFile], context: CallContext
  ) throws(PluginHostError) -> (status: lathe_status, instance: (any InstanceCalls)?) {
    let environment = context.environment
    let weights = files + (environment.scratch.map { [$0.file] } ?? [])
    let id = library.strategies[index].id
    let link = try WorkerLink(
      isolation, weights: weights, strategy: id, path: library.path, stage: environment.stage,
      log: environment.log)
    let load = ParentMessage.Load(
      path: library.path, hash: library.hash, threads: environment.workers.threads,
      memoryLimit: isolation.memoryLimit, scratch: environment.scratch?.directory)
    if case .unusable(let reason) = try link.exchange(context, { _ in .load(load) }) {
      link.discard()
      throw .unusable(path: library.path, reason: isolation.loading(failedFor: reason))
    }
    let answer = try link.exchange(context) { model in
      .create(
        index: index, stage: StageFacts(environment, context.parameters),
        model: model.change(to: context.snapshot))
    }
    guard case .created(let result, let phases) = answer else { throw link.unexpected(context) }
    context.state.withLock { $0 = result.state }
    return (result.status, phases.map { WorkerInstance($0, link) })
  }

  func call(_ context: CallContext) throws(PluginHostError) -> lathe_status {
    let answer = try link.exchange(context) { model in
      .call(
        context.phase, StageFacts(context.environment, context.parameters),
        model.change(to: context.snapshot),
        declaredStatistics: context.declaredStatistics)
    }
    guard case .finished(let result) = answer else { throw link.unexpected(context) }
    for (index, given) in result.replacements { try link.check(given, at: index, context) }
    try link.check(result, context)
    context.state.withLock { state in
      // What the parent's own disk refused, it knows best.
      let storage = state.storageFailure
      state = result.state
      state.storageFailure = state.storageFailure ?? storage
    }
    return result.status
  }
}
