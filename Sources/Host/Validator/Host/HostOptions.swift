import CLathe

/// How the checking host behaves in a run. The defaults check nothing: each case arms what it asks about, so that
/// a plugin which breaks one rule fails one case.
struct HostOptions: Sendable {
  /// Guard pages round tensors and scratch that the plugin may write.
  var guardsNewMemory = false
  /// Guard pages round borrowed buffers, whose last byte is the last one before the guard.
  var guardsBorrowed = false
  var makesBorrowedReadOnly = false
  /// What was lent to a call cannot be touched once it has returned.
  var revokesBorrowed = false
  var revokesHandles = false
  /// The bytes of a tensor cannot be touched once its deleter has run.
  var revokesDeleted = false

  /// The host call that fails, counted from 0 among those of `failing`.
  var failingCall: Int?
  var failing: Fallible = .calls
  var failingStatus = Int32(LATHE_ERR_NO_MEMORY)
  enum Fallible: Sendable {
    /// new_tensor and scratch.
    case allocations
    /// Every other function with a status.
    case calls
    case replacements
  }

  /// From this poll on, is_cancelled answers 1.
  var cancelAtPoll: Int?
  /// From then on, after the host was made, is_cancelled answers 1: a run with values from anywhere in their ranges may
  /// be a long one, and need not come to its end.
  var patience: Duration?
  var threads = 1
  /// for_each from the last index to the first.
  var isReversed = false
  var scratchFill: UInt8 = 0
  /// Bytes by which every table is larger than this header's, as a newer host has it.
  var tableGrowth: UInt32 = 0
  /// Extensions that are not offered.
  var withheld: Set<String> = []
  /// The first host call of a block waits for the other blocks' first one.
  var concurrentBlocks = 0
  var seed: UInt64 = 5
  /// Share of the selected layers' bytes that stays; nil for that of the subject.
  var keep: Double?
  var parameters: [String: ParameterUnderTest.Value] = [:]
  /// Overrides of single nodes.
  var nodeParameters: [Int: [String: ParameterUnderTest.Value]] = [:]
  /// Whether threads are counted at every host call.
  var countsThreads = false
}
