import LinearAlgebra
import Runtime
import Tensors

/// The memory of a step, kept from one step to the next: states between blocks and traces of blocks.
public final class TraceStore {
  /// Bytes of traces that may be kept for the way back.
  let limit: Int
  private var slots: [[BlockTrace]] = []
  private var states: (store: StateStore, count: Int)?

  /// One GiB.
  public static let memoryLimit = 1 << 30

  init(limit: Int) { self.limit = limit }

  /// Traces of one block for `count` windows.
  func traces(block: Int, count: Int) -> [BlockTrace] {
    while slots.count < count { slots.append([]) }
    return (0..<count).map { slot in
      while slots[slot].count <= block { slots[slot].append(BlockTrace()) }
      return slots[slot][block]
    }
  }

  /// Room for `count` matrices `[rows, columns]`, always of the same shape.
  func states(count: Int, rows: Int, columns: Int, scratch: ScratchFile) throws(TrainingError) -> StateStore {
    if let states, states.count >= count { return states.store }
    let made = try StateStore(count: count, rows: rows, columns: columns, scratch: scratch)
    states = (made, count)
    return made
  }
}
