import Foundation

/// The dynamic symbols and needed libraries of a 64-bit little-endian ELF file.
struct SharedObject {
  /// Defined symbols that others can link to, without those that linkers add.
  private(set) var exports: [String] = []
  private(set) var needed: [String] = []

  private struct Section {
    let type: UInt32
    let offset: Int
    let size: Int
    let link: Int
  }

  private let bytes: [UInt8]

  init(path: String) throws(CaseFault) {
    guard let data = FileManager.default.contents(atPath: path), data.count >= 64,
      data.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1])
    else { throw .notApplicable("it is no 64-bit little-endian ELF file") }
    bytes = Array(data)
    let sections = sections
    for section in sections where section.type == 11 {
      guard section.link < sections.count else { continue }
      let names = sections[section.link]
      for entry in stride(from: section.offset, to: section.offset + section.size - 23, by: 24) {
        let binding = byte(entry + 4) >> 4
        let home = read(entry + 6, 2)
        // Defined, global or weak or unique, and no absolute mark of a version.
        guard home != 0, home < 0xff00, [1, 2, 10].contains(binding) else { continue }
        exports.append(text(names.offset + read(entry, 4)))
      }
    }
    for section in sections where section.type == 6 {
      guard section.link < sections.count else { continue }
      for entry in stride(from: section.offset, to: section.offset + section.size - 15, by: 16)
      where read(entry, 8) == 1 {
        needed.append(text(sections[section.link].offset + read(entry + 8, 8)))
      }
    }
    exports.removeAll { Self.linkersOwn.contains($0) }
  }

  private static let linkersOwn: Set<String> = ["_init", "_fini", "_edata", "_end", "__bss_start", "_etext"]

  private var sections: [Section] {
    let (start, width, count) = (read(0x28, 8), read(0x3a, 2), read(0x3c, 2))
    guard width >= 64, start + width * count <= bytes.count else { return [] }
    return (0..<count).compactMap { index in
      let at = start + index * width
      let section = Section(
        type: UInt32(read(at + 4, 4)), offset: read(at + 0x18, 8), size: read(at + 0x20, 8),
        link: read(at + 0x28, 4))
      return section.type == 8 || section.offset <= bytes.count - min(section.size, bytes.count)
        ? section : nil
    }
  }

  private func byte(_ at: Int) -> UInt8 { bytes.indices.contains(at) ? bytes[at] : 0 }

  /// An unsigned number of `width` bytes; those beyond what files hold are cut.
  private func read(_ at: Int, _ width: Int) -> Int {
    let value = (0..<width).reduce(UInt64(0)) { $0 | UInt64(byte(at + $1)) << UInt64(8 * $1) }
    return Int(min(value, 1 << 40))
  }

  private func text(_ at: Int) -> String {
    guard bytes.indices.contains(at) else { return "" }
    return String(decoding: bytes[at...].prefix { $0 != 0 }, as: UTF8.self)
  }
}
