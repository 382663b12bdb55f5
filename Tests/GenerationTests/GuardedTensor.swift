import Glibc
import Tensors

/// Tensors whose last byte is the last that may be read: behind it lies a page without access.
enum GuardedTensor {
  struct NoMemory: Error {}

  static func copy(_ tensor: Tensor) throws -> Tensor {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let size = (tensor.byteCount + page - 1) / page * page
    guard
      let base = mmap(nil, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      base != MAP_FAILED
    else { throw NoMemory() }
    mprotect(base + size, page, PROT_NONE)
    let storage = Storage(adopting: base, byteCount: size) { munmap($0, $1 + page) }
    let offset = size - tensor.byteCount
    tensor.withBytes { bytes in
      if let source = bytes.baseAddress { (base + offset).copyMemory(from: source, byteCount: bytes.count) }
    }
    return Tensor(tensor.elementType, tensor.shape, storage: storage, byteOffset: offset)
  }
}
