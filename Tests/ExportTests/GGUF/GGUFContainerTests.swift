import Foundation
import TestSupport
import Testing

@testable import Export

private let metadata: [(key: String, value: GGUFValue)] = [
  ("general.architecture", .string("llama")), ("a", .u8(200)), ("b", .i8(-3)), ("c", .u16(60000)),
  ("d", .i16(-30000)), ("e", .u32(4_000_000_000)), ("f", .i32(-5)), ("g", .f32(1.5)), ("h", .bool(true)),
  ("i", .array(.string, [.string("Ġü"), .string("")])), ("j", .array(.f32, [])), ("k", .u64(1 << 60)),
  ("l", .i64(-1 << 60)), ("m", .f64(0.1)),
]
private let tensors = [
  GGUFTensor(name: "one", shape: [3, 5], type: .f32), GGUFTensor(name: "two", shape: [2, 64], type: .q8),
  GGUFTensor(name: "three", shape: [7], type: .f16),
]

/// Writes a file with random data and returns its path.
private func write(_ layout: GGUFLayout, in folder: TestFolder) throws -> String {
  let path = folder.file("test.gguf")
  let writer = try GGUFWriter(layout, path: path)
  for tensor in layout.tensors {
    let bytes = [UInt8](repeating: 1, count: try #require(tensor.checkedByteCount))
    try bytes.withUnsafeBytes { try writer.append($0) }
    try writer.endTensor()
  }
  _ = try writer.commit()
  return path
}

@Suite struct GGUFContainerTests {
  @Test("what is written is read: every kind of value, every tensor")
  func roundTrip() throws {
    let folder = TestFolder()
    let layout = try GGUFLayout(metadata: metadata, tensors: tensors)
    let path = try write(layout, in: folder)
    let file = try GGUFFile(path: path)
    #expect(file.metadata.map(\.key) == metadata.map(\.key))
    #expect(file.metadata.map(\.value) == metadata.map(\.value))
    #expect(file.tensors == tensors)
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int == layout.byteCount)
    #expect(
      try file.floats(of: "two").floats() == [Float](repeating: NaiveBlocks.half([1, 1], 0), count: 128))
  }

  @Test("every tensor begins at a multiple of 32 and where the padded sum of those before it ends")
  func alignment() throws {
    let layout = try GGUFLayout(metadata: metadata, tensors: tensors)
    #expect(layout.header.count % 32 == 0)
    #expect(layout.offsets == [0, 64, 64 + 160])
    #expect(layout.byteCount == layout.header.count + 64 + 160 + 32)
  }

  @Test("names of more than 63 bytes, equal names and broken blocks are refused")
  func refusals() {
    let long = String(repeating: "ü", count: 32)
    func plan(_ tensors: [GGUFTensor]) throws { _ = try GGUFLayout(metadata: [], tensors: tensors) }
    #expect(throws: GGUFFault.longName(long, byteCount: 64, limit: 63)) {
      try plan([GGUFTensor(name: long, shape: [1], type: .f32)])
    }
    #expect(throws: Never.self) {
      try plan([GGUFTensor(name: String(repeating: "x", count: 63), shape: [1], type: .f32)])
    }
    #expect(throws: GGUFFault.duplicateName("one")) { try plan([tensors[0], tensors[0]]) }
    for shape in [[2, 33], [0, 32], [], [1 << 40, 1 << 40]] {
      #expect(throws: GGUFFault.badShape(tensor: "x")) {
        try plan([GGUFTensor(name: "x", shape: shape, type: .q8)])
      }
    }
    #expect(throws: GGUFFault.duplicateName("k")) {
      _ = try GGUFLayout(metadata: [("k", .u8(1)), ("k", .u8(2))], tensors: [])
    }
  }

  @Test("a file that is cut anywhere is refused and never read past its end")
  func truncation() throws {
    let folder = TestFolder()
    let path = try write(try GGUFLayout(metadata: metadata, tensors: tensors), in: folder)
    let whole = try Data(contentsOf: URL(filePath: path))
    let cut = folder.file("cut.gguf")
    // The last tensor's padding may be missing.
    for count in 0..<whole.count - 32 {
      try whole.prefix(count).write(to: URL(filePath: cut))
      #expect(throws: ExportError.self) { _ = try GGUFFile(path: cut) }
    }
  }

  @Test("headers with any byte changed are read or refused, with every tensor inside the file")
  func damage() throws {
    let folder = TestFolder()
    let layout = try GGUFLayout(metadata: metadata, tensors: tensors)
    let path = try write(layout, in: folder)
    let whole = try Data(contentsOf: URL(filePath: path))
    let damaged = folder.file("damaged.gguf")
    for index in 0..<layout.header.count {
      for value in [UInt8(0), 0x7F, 0xFF] {
        var copy = whole
        copy[index] = value
        try copy.write(to: URL(filePath: damaged))
        guard let file = try? GGUFFile(path: damaged) else { continue }
        for tensor in file.tensors { _ = try file.floats(of: tensor.name) }
      }
    }
  }

  @Test("a file that is not committed leaves nothing behind")
  func atomic() throws {
    let folder = TestFolder()
    do {
      let writer = try GGUFWriter(
        try GGUFLayout(metadata: metadata, tensors: tensors), path: folder.file("x.gguf"))
      try writer.endTensor()
    }
    #expect(folder.names() == [])
  }
}
