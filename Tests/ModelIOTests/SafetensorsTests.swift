import TestSupport
import Tensors
import Testing

@testable import ModelIO

@Suite struct SafetensorsTests {
  private func sample() throws -> [String: Tensor] {
    var tensors: [String: Tensor] = [:]
    for (seed, type) in ElementType.allCases.enumerated() {
      tensors["block.\(type.rawValue)"] = try randomTensor(type, [3, 5], seed: UInt64(seed))
    }
    tensors["scalar"] = try randomTensor(.f64, [], seed: 90)
    tensors["empty"] = try randomTensor(.i16, [4, 0, 2], seed: 91)
    tensors["ünïcode \"quoted\"\n"] = try randomTensor(.u8, [7], seed: 92)
    return tensors
  }

  @Test("every element type comes back bit for bit, at an address aligned to its size")
  func roundTrip() throws {
    let folder = TemporaryFolder()
    let tensors = try sample()
    let written = try SafetensorsWriter.write(tensors, to: folder.file("a.safetensors"))
    let file = try SafetensorsFile(path: folder.file("a.safetensors"))
    #expect(Set(file.names) == Set(tensors.keys))
    #expect(file.metadata == ["format": "pt"])
    for (name, tensor) in tensors {
      let read = try file.tensor(named: name)
      #expect(read.elementType == tensor.elementType && read.shape == tensor.shape)
      #expect(bytes(of: read) == bytes(of: tensor))
      #expect(read.byteOffset.isMultiple(of: tensor.elementType.byteCount))
      #expect(written.tensorHashes[name] == SHA256.hex(of: tensor))
    }
    #expect(file["absent"] == nil)
  }

  @Test("the planned size is the size of the file, and its hash that of the file read again")
  func size() throws {
    let folder = TemporaryFolder()
    let tensors = try sample()
    for count in 0...tensors.count {
      let some = tensors.filter { tensors.keys.sorted().prefix(count).contains($0.key) }
      let written = try SafetensorsWriter.write(some, to: folder.file("a.safetensors"))
      let entries = some.map {
        SafetensorsEntry(name: $0.key, elementType: $0.value.elementType, shape: $0.value.shape)
      }
      let size = bytes(ofFile: folder.file("a.safetensors")).count
      #expect(try SafetensorsWriter.byteCount(entries) == size)
      #expect(written.byteCount == size)
      #expect(try written.hash == SHA256.hex(ofFile: folder.file("a.safetensors")))
      #expect(try SafetensorsWriter.byteCount(entries.reversed()) == size)
    }
  }

  @Test("SHA-256 of known messages is the published one, however they are cut")
  func hashes() {
    let message = Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8)
    let expected = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    for cut in 0...message.count {
      var hash = SHA256()
      message[..<cut].withUnsafeBytes { hash.update($0) }
      _ = hash.finalise()
      message[cut...].withUnsafeBytes { hash.update($0) }
      #expect(hash.finalise() == expected)
    }
    #expect(SHA256().finalise() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }

  @Test("a cancelled or failing write leaves the file that was there")
  func cancelled() throws {
    let folder = TemporaryFolder()
    let tensors = try sample()
    folder.write("before", to: "a.safetensors")
    let entries = tensors.map {
      SafetensorsEntry(name: $0.key, elementType: $0.value.elementType, shape: $0.value.shape)
    }
    let path = folder.file("a.safetensors")
    let writer = try SafetensorsWriter(entries, path: path)
    var asked = 0
    let cancelled = failure { () throws(ModelIOError) in
      try writer.write(
        to: path,
        isCancelled: {
          asked += 1
          return asked > 3
        }
      ) { entry throws(ModelIOError) in
        guard let tensor = tensors[entry.name] else { throw .cancelled }
        return tensor
      }
    }
    #expect(cancelled == .cancelled)
    let wrong = failure { () throws(ModelIOError) in
      try writer.write(to: path) { _ throws(ModelIOError) in Tensor([1], [0]) }
    }
    #expect(wrong == .safetensors(path: path, .notAsPlanned(tensor: writer.entries[0].name)))
    #expect(bytes(ofFile: path) == Array("before".utf8))
    #expect(FilePath.names(inFolder: folder.path) == ["a.safetensors"])
  }

  @Test("a file that cannot fit on the disk is refused before anything is written")
  func fullDisk() throws {
    let folder = TemporaryFolder()
    let path = folder.file("a.safetensors")
    let entry = SafetensorsEntry(name: "a", elementType: .u8, shape: [1 << 50])
    let error = failure { () throws(ModelIOError) in
      try SafetensorsWriter([entry], path: path).write(to: path) { _ throws(ModelIOError) in
        throw .cancelled
      }
    }
    let text = try #require(error?.description)
    #expect(text.contains("bytes") && text.hasPrefix(path))
    #expect(error != .cancelled)
    #expect(FilePath.names(inFolder: folder.path) == [])
  }

  @Test("plans that no file can hold are refused")
  func badPlans() {
    func fault(_ entries: [SafetensorsEntry]) -> ModelIOError? {
      failure { () throws(ModelIOError) in try SafetensorsWriter(entries, path: "p") }
    }
    func entry(_ name: String, _ shape: [Int]) -> SafetensorsEntry {
      SafetensorsEntry(name: name, elementType: .f32, shape: shape)
    }
    #expect(fault([entry("a", [1]), entry("a", [2])]) == .safetensors(path: "p", .duplicateName("a")))
    #expect(fault([entry("a\0b", [1])]) == .safetensors(path: "p", .badName("a\0b")))
    #expect(fault([entry("__metadata__", [1])]) == .safetensors(path: "p", .badName("__metadata__")))
    let huge = [1 << 40, 1 << 40]
    #expect(fault([entry("a", huge)]) == .safetensors(path: "p", .tooLarge(tensor: "a", shape: huge)))
    #expect(fault([entry("a", [-1])]) != nil)
  }

  @Test("the tensors of the shared models are found", .enabled(if: Shared.has("models/books-5m")))
  func shared() throws {
    let file = try SafetensorsFile(path: Shared.path("models/books-5m/model.safetensors"))
    #expect(try file.tensor(named: "model.embed_tokens.weight").shape == [4096, 256])
  }
}
