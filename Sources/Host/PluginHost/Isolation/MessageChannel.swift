import Foundation
import Glibc
import Synchronization
import Tensors

/// Messages through a stream socket: a length of four bytes, then JSON. Numbers come back as they were, infinite
/// ones too.
final class MessageChannel: Sendable {
  /// The other side is gone, or sent what cannot be read.
  enum Fault: Error {
    case closed
    case malformed(String)

    static func tooLong(_ count: Int) -> Fault {
      .malformed("of \(count) bytes, and \(WorkerLoss.bytes(longest)) is the most")
    }
  }

  let descriptor: Int32
  private let inbox = Mutex<[UInt8]>([])
  private let sending = Mutex<Void>(())
  /// Longer messages are refused before anything is allocated for them. Tensors do not travel in messages; of what
  /// does, a report's series and the scales of all layers of a large model come closest, with tens of megabytes.
  static let longest = 256 << 20

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// Sends `message`; the bytes of tensors in it go to `store`. Where the other side takes nothing for a while,
  /// `isWorthWaiting` is asked whether it still may.
  func send(
    _ message: some Encodable, store: (any TensorStore)? = nil, isWorthWaiting: () -> Bool = { true }
  ) throws {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    if let key = CodingUserInfoKey.tensorStore, let store { encoder.userInfo[key] = store }
    let body = try encoder.encode(message)
    guard body.count <= Self.longest else { throw Fault.tooLong(body.count) }
    var frame = withUnsafeBytes(of: UInt32(body.count).littleEndian) { Array($0) }
    frame += body
    try sending.withLock { _ in
      try frame.withUnsafeBytes { bytes in
        var done = 0
        while done < bytes.count {
          let sent = Glibc.send(
            descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, Int32(MSG_NOSIGNAL))
          if sent < 0, errno == EINTR || errno == EAGAIN, isWorthWaiting() { continue }
          guard sent > 0 else { throw Fault.closed }
          done += sent
        }
      }
    }
  }

  /// The next message, waited for.
  func receive<Message: Decodable>(_ type: Message.Type, store: (any TensorStore)? = nil) throws -> Message {
    while true {
      if let message = try next(type, store: store) { return message }
      guard try fill(waiting: true) else { throw Fault.closed }
    }
  }

  /// A message that has arrived as a whole, or nil.
  func next<Message: Decodable>(_ type: Message.Type, store: (any TensorStore)? = nil) throws -> Message? {
    let body = try inbox.withLock { inbox -> Data? in
      guard inbox.count >= 4 else { return nil }
      let length = (0..<4).reduce(0) { $0 | Int(inbox[$1]) << (8 * $1) }
      guard length <= Self.longest else { throw Fault.tooLong(length) }
      guard inbox.count >= 4 + length else { return nil }
      defer { inbox.removeFirst(4 + length) }
      return Data(inbox[4..<4 + length])
    }
    guard let body else { return nil }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    if let key = CodingUserInfoKey.tensorStore, let store { decoder.userInfo[key] = store }
    do { return try decoder.decode(type, from: body) } catch { throw Fault.malformed("\(error)") }
  }

  /// Takes what has arrived; false at the end of the stream.
  func fill(waiting: Bool = false) throws -> Bool {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = buffer.withUnsafeMutableBytes { bytes in
      recv(descriptor, bytes.baseAddress, bytes.count, waiting ? 0 : Int32(MSG_DONTWAIT))
    }
    if count < 0, errno == EAGAIN || errno == EINTR { return true }
    guard count > 0 else { return false }
    inbox.withLock { $0 += buffer[..<count] }
    return true
  }
}
