import Glibc

/// Bytes with pages around them that cannot be touched, or without: then with room on both sides, so that a case
/// about something else is not disturbed by an over-run.
final class GuardedMemory: @unchecked Sendable {
  enum Style: Sendable {
    /// Room on both sides, nothing checked.
    case tolerant
    /// Aligned to 64 bytes; what lies between the end and the guard page is checked by `isIntact`.
    case aligned
    /// Whole pages with room on both sides: for protecting all of it and not its ends.
    case pages
    /// The last byte is the last one before the guard page.
    case exact
  }

  let base: UnsafeMutableRawPointer
  let byteCount: Int
  private let mapping: UnsafeMutableRawPointer
  private let mappedCount: Int
  private let style: Style
  private var region: FaultRegions.Token?

  private static let filler: UInt8 = 0xA5
  private static let room = 4096

  /// `rule` and `label` are for the message when a guard is hit.
  init(
    _ byteCount: Int, style: Style, fill: UInt8 = 0, rule: String = "", label: @autoclosure () -> String = ""
  ) {
    self.byteCount = byteCount
    self.style = style
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    guard style != .tolerant else {
      mappedCount = 0
      mapping = UnsafeMutableRawPointer.allocate(byteCount: byteCount + 2 * Self.room, alignment: 64)
      base = mapping + Self.room
      memset(mapping, 0, byteCount + 2 * Self.room)
      memset(base, Int32(fill), byteCount)
      return
    }
    let needed = byteCount + (style == .pages ? 2 * Self.room : 0)
    let inside = max(1, (needed + page - 1) / page) * page
    mappedCount = inside + 2 * page
    let pages = mmap(nil, mappedCount, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let pages, pages != MAP_FAILED, mprotect(pages + page, inside, PROT_READ | PROT_WRITE) == 0 else {
      preconditionFailure("no memory for guard pages")
    }
    mapping = pages
    memset(pages + page, Int32(Self.filler), inside)
    let offset =
      switch style {
      case .exact: inside - byteCount
      case .pages: Self.room
      default: (inside - byteCount) / 64 * 64
      }
    base = pages + page + offset
    memset(base, Int32(fill), byteCount)
    region = FaultRegions.add(
      range: UInt(bitPattern: pages)..<UInt(bitPattern: pages + mappedCount),
      data: UInt(bitPattern: base)..<UInt(bitPattern: base + byteCount), rule: rule, label: label())
  }

  /// Whether nothing was written between the data and its guard pages.
  var isIntact: Bool {
    guard style == .aligned else { return true }
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let (start, end) = (mapping + page, mapping + mappedCount - page)
    var cursor = start
    while cursor < end {
      if cursor == base { cursor = base + byteCount }
      if cursor < end {
        if cursor.load(as: UInt8.self) != Self.filler { return false }
        cursor += 1
      }
    }
    return true
  }

  /// From now on the bytes cannot be written.
  func makeReadOnly() { protect(PROT_READ) }

  /// From now on the bytes cannot be touched; `rule` is broken by who does after `moment`, which is past.
  func revoke(rule: String, since moment: String) {
    protect(PROT_NONE)
    if let region { FaultRegions.revoke(region, rule: rule, since: moment) }
  }

  private func protect(_ protection: Int32) {
    guard style != .tolerant else { return }
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    mprotect(mapping + page, mappedCount - 2 * page, protection)
  }

  deinit {
    if style == .tolerant {
      mapping.deallocate()
    } else {
      if let region { FaultRegions.remove(region) }
      munmap(mapping, mappedCount)
    }
  }
}
