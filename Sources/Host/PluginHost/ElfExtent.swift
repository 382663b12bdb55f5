import Tensors

/// How long the headers of a library say that its file is.
///
/// The loader maps the segments without looking at the size of the file, and the first touch of a page behind the
/// end of a file that is cut off ends the process with SIGBUS.
enum ElfExtent {
  /// The end of what the header, the program headers, the segments to be loaded and the section headers need; nil
  /// where `file` is no 64-bit little-endian ELF for this processor, of which the loader says so itself.
  ///
  /// Places as in the System V ABI, "Object Files". A sum that exceeds 64 bits counts as the largest number.
  static func needed(by file: UnsafeRawBufferPointer) -> UInt64? {
    let header = 64
    guard file.count >= header, file.prefix(6).elementsEqual([0x7f, 0x45, 0x4c, 0x46, 2, 1]),
      word(file, 18) == machine
    else { return nil }
    let (programs, programSize, programCount) = (long(file, 32), word(file, 54), word(file, 56))
    let (sections, sectionSize, sectionCount) = (long(file, 40), word(file, 58), word(file, 60))
    var needed = UInt64(header)
    if programCount > 0 { needed = max(needed, end(programs, UInt64(programSize) * UInt64(programCount))) }
    if sectionCount > 0 { needed = max(needed, end(sections, UInt64(sectionSize) * UInt64(sectionCount))) }
    guard programSize >= 56 else { return needed }
    for index in 0..<UInt64(programCount) {
      let place = end(programs, index * UInt64(programSize))
      // Headers that are not in the file are what is missing; they were counted above.
      guard end(place, 56) <= UInt64(file.count), let place = Int(exactly: place) else { break }
      let (start, count) = (long(file, place + 8), long(file, place + 32))
      // A segment of zeros alone takes nothing from the file, wherever it says that it begins.
      if half(file, place) == loadable, count > 0 { needed = max(needed, end(start, count)) }
    }
    return needed
  }

  /// PT_LOAD
  private static let loadable: UInt32 = 1

  private static var machine: UInt16 {
    #if arch(x86_64)
      62
    #elseif arch(arm64)
      183
    #else
      0
    #endif
  }

  private static func end(_ start: UInt64, _ count: UInt64) -> UInt64 {
    let (sum, overflow) = start.addingReportingOverflow(count)
    return overflow ? .max : sum
  }

  private static func word(_ file: UnsafeRawBufferPointer, _ place: Int) -> UInt16 {
    UInt16(littleEndian: file.loadUnaligned(fromByteOffset: place, as: UInt16.self))
  }

  private static func half(_ file: UnsafeRawBufferPointer, _ place: Int) -> UInt32 {
    UInt32(littleEndian: file.loadUnaligned(fromByteOffset: place, as: UInt32.self))
  }

  private static func long(_ file: UnsafeRawBufferPointer, _ place: Int) -> UInt64 {
    UInt64(littleEndian: file.loadUnaligned(fromByteOffset: place, as: UInt64.self))
  }
}
