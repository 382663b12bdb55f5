import CKernels

/// The page that a worker process and its parent both have mapped: who is alive, who wants to stop, how it crashed.
final class Heartbeat: @unchecked Sendable {
  private let page: UnsafeMutablePointer<worker_page>

  init?(descriptor: Int32) {
    guard let page = worker_page_map(descriptor) else { return nil }
    self.page = page
  }

  deinit { worker_page_unmap(page) }

  /// A host function was called.
  func beat() { worker_beat(page) }
  /// A host function that may take long begins.
  func enter() { worker_busy_add(page, 1) }
  /// It is done.
  func leave() {
    worker_busy_add(page, -1)
    worker_beat(page)
  }

  var beats: UInt64 { worker_beats(page) }
  /// Whether the host's own code is at work in the worker.
  var isBusy: Bool { worker_busy(page) > 0 }
  var isCancelled: Bool { worker_is_cancelled(page) != 0 }
  func cancel() { worker_cancel(page) }

  /// In the worker: notes a signal that ends the process.
  func watchCrashes() { worker_watch_crashes(page) }

  /// What the worker's signal handler noted; nil where it had nothing to note.
  var crash: (signal: Int32, code: Int32, address: UInt64, wasRefusedMemory: Bool)? {
    let page = page.pointee
    guard page.crash_signal != 0 else { return nil }
    return (page.crash_signal, page.crash_code, page.crash_address, page.crash_refused != 0)
  }
}
