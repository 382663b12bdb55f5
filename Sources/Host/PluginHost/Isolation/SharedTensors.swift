import CKernels
import Glibc
import Synchronization
import Tensors

/// The files through which tensors travel between a parent and its worker, numbered alike on both sides.
enum SharedFile {
  /// Written by the worker: replaced layers.
  static let results = 0
  /// Written by the parent for one call: statistics.
  static let call = 1
  /// Written by the parent: weights that lie in no file of the user, so what earlier blocks and stages gave. They are
  /// copied: a worker can open what it was given again and write to it.
  static let weights = 2
  /// The first of the files that hold weights themselves.
  static let first = 3
}

/// Bytes appended to an unnamed file.
struct SharedArena {
  let file: OpenFile
  private(set) var end = 0

  init(_ file: OpenFile) { self.file = file }

  /// Appends the bytes of `tensor` at a multiple of a page.
  mutating func append(_ tensor: Tensor) throws(WorkerLoss) -> Int {
    let offset = end
    var done = 0
    let count = tensor.byteCount
    while done < count {
      let written = tensor.withBytes { bytes in
        pwrite(file.descriptor, bytes.baseAddress.map { $0 + done }, count - done, off_t(offset + done))
      }
      if written < 0, errno == EINTR { continue }
      guard written > 0 else {
        throw WorkerLoss(
          description:
            "\(count) bytes could not be shared between processes: \(String(cString: strerror(errno)))")
      }
      done += written
    }
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    end = (offset + count + page - 1) / page * page
    return offset
  }

  /// Forgets everything and gives the memory back.
  mutating func reset() {
    end = 0
    ftruncate(file.descriptor, 0)
  }
}

/// The parent's side: weights that lie in files are named by file and offset, all else is copied once.
final class ParentTensors: TensorStore {
  /// What becomes of tensors that lie in no shared file.
  enum Lifetime {
    case call
    case worker
  }

  private struct State {
    var arena: SharedArena
    /// Offsets of what is there, with the storages, so that their identities stay taken.
    var placed: [ObjectIdentifier: (storage: Storage, offset: Int)] = [:]
  }
  private let state: Mutex<State>
  private let index: Int
  private let files: [ObjectIdentifier: Int]
  private let results: OpenFile

  init(_ lifetime: Lifetime, arena: OpenFile, files: [ObjectIdentifier: Int], results: OpenFile) {
    state = Mutex(State(arena: SharedArena(arena)))
    index = lifetime == .call ? SharedFile.call : SharedFile.weights
    self.files = files
    self.results = results
  }

  func place(_ tensor: Tensor) throws -> TensorPlace {
    if let range = tensor.storage.range, let file = files[ObjectIdentifier(range.file)] {
      return TensorPlace(file: file, offset: range.offset + tensor.byteOffset)
    }
    return try state.withLock { state in
      let whole = Tensor(.u8, [tensor.storage.byteCount], storage: tensor.storage)
      let identity = ObjectIdentifier(tensor.storage)
      let offset = try state.placed[identity]?.offset ?? state.arena.append(whole)
      state.placed[identity] = (tensor.storage, offset)
      return TensorPlace(file: index, offset: offset + tensor.byteOffset)
    }
  }

  /// Copies a result, which the worker could still change or cut off.
  func storage(at place: TensorPlace, byteCount: Int) throws -> Storage {
    var info = stat()
    guard place.file == SharedFile.results, place.offset >= 0, fstat(results.descriptor, &info) == 0,
      byteCount <= Int(info.st_size), place.offset <= Int(info.st_size) - byteCount,
      // What was written has pages; a file that was only made long has none.
      byteCount <= Int(info.st_blocks) * 512
    else { throw WorkerLoss(description: "the worker named a place for a tensor that does not exist") }
    guard let storage = Storage(zeros: byteCount) else {
      throw WorkerLoss(
        description: "there is not enough memory for a tensor of \(byteCount) bytes of the worker")
    }
    var done = 0
    while done < byteCount {
      let count = pread(results.descriptor, storage.base + done, byteCount - done, off_t(place.offset + done))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw WorkerLoss(description: "a tensor of the worker ends early") }
      done += count
    }
    return storage
  }

  /// Forgets what was placed for one call.
  func reset() {
    state.withLock { state in
      state.placed = [:]
      state.arena.reset()
    }
  }
}

/// The worker's side: everything from the parent is mapped read-only.
final class WorkerTensors: TensorStore {
  private let files: [OpenFile]
  private let arena: Mutex<SharedArena>

  init(_ files: [OpenFile]) {
    self.files = files
    arena = Mutex(SharedArena(files[SharedFile.results]))
  }

  func place(_ tensor: Tensor) throws -> TensorPlace {
    TensorPlace(file: SharedFile.results, offset: try arena.withLock { try $0.append(tensor) })
  }

  func storage(at place: TensorPlace, byteCount: Int) throws -> Storage {
    guard files.indices.contains(place.file),
      let storage = files[place.file].map(offset: place.offset, byteCount: byteCount)
    else { throw WorkerLoss(description: "\(byteCount) bytes of the parent could not be mapped") }
    return storage
  }

  /// Forgets the results of the last call, which the parent has copied.
  func reset() { arena.withLock { $0.reset() } }
}
