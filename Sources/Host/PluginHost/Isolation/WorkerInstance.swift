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
    // The scratch file is the host's own and stays with it: see `SharedFile.weights`.
    let copies: OpenFile?
    do {
      copies = try environment.scratch.map { scratch throws(TensorError) in
        try ScratchFile(directory: scratch.directory).file
      }
    } catch { throw .storage(error) }
    let link = try WorkerLink(
      isolation, weights: files.filter { $0 !== environment.scratch?.file }, copies: copies,
      strategy: library.strategies[index].id, path: library.path, environment: environment)
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
    try link.check(result, context)
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
