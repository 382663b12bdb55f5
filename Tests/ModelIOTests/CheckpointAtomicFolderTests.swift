import Glibc
import Testing

@testable import ModelIO

@Suite struct CheckpointAtomicFolderTests {
  private func refusal(_ path: String, replace: Bool = false) -> ModelIOError? {
    failure { () throws(ModelIOError) in try AtomicFolder(path, replaceExisting: replace) }
  }

  @Test("nothing is at the place before commit, and everything after it")
  func commit() throws {
    let temporary = TemporaryFolder()
    let folder = try AtomicFolder(temporary.file("out/"), replaceExisting: false)
    _ = try OutputFile.write("content", to: "\(folder.path)/a.txt")
    #expect(!FilePath.exists(temporary.file("out")))
    try folder.commit()
    #expect(bytes(ofFile: temporary.file("out/a.txt")) == Array("content".utf8))
    #expect(FilePath.names(inFolder: temporary.path) == ["out"])
    folder.discard()
    #expect(FilePath.names(inFolder: temporary.file("out")) == ["a.txt"])
  }

  @Test("without commit nothing remains, by discarding or by forgetting it")
  func discard() throws {
    let temporary = TemporaryFolder()
    do {
      let folder = try AtomicFolder(temporary.file("out"), replaceExisting: false)
      _ = try OutputFile.write("content", to: "\(folder.path)/a.txt")
      #expect(FilePath.names(inFolder: temporary.path)?.count == 1)
      folder.discard()
      #expect(FilePath.names(inFolder: temporary.path) == [])
    }
    func forget() throws { _ = try AtomicFolder(temporary.file("out"), replaceExisting: false).path }
    try forget()
    #expect(FilePath.names(inFolder: temporary.path) == [])
  }

  @Test("what exists is refused, or replaced as a whole when asked, and stays until then")
  func replacing() throws {
    let temporary = TemporaryFolder()
    let path = temporary.folder("out")
    temporary.write("old", to: "out/old.txt")
    #expect(refusal(path) == .output(path: path, .exists))
    do {
      let folder = try AtomicFolder(path, replaceExisting: true)
      _ = try OutputFile.write("new", to: "\(folder.path)/new.txt")
    }
    #expect(FilePath.names(inFolder: path) == ["old.txt"])
    let folder = try AtomicFolder(path, replaceExisting: true)
    _ = try OutputFile.write("new", to: "\(folder.path)/new.txt")
    try folder.commit()
    #expect(FilePath.names(inFolder: path) == ["new.txt"])
    #expect(FilePath.names(inFolder: temporary.path) == ["out"])
  }

  @Test("places that cannot take a folder are refused")
  func refusals() throws {
    let temporary = TemporaryFolder()
    let path = temporary.file("nowhere/out")
    #expect(refusal(path) == .output(path: path, .noParent))
    #expect(refusal("\(temporary.path)/..") == .output(path: "\(temporary.path)/..", .badName))
    temporary.write("x", to: "file")
    #expect(
      refusal(temporary.file("file"), replace: true) == .output(path: temporary.file("file"), .notAFolder))
    let nested = temporary.folder("nested")
    _ = temporary.folder("nested/inner")
    #expect(refusal(nested, replace: true) == .output(path: nested, .holdsFolder(name: "inner")))
    let folder = try AtomicFolder(temporary.file("out"), replaceExisting: false)
    #expect(
      refusal(temporary.file("out")) == .output(path: temporary.file("out"), .busy(partial: folder.path)))
    folder.discard()
  }

  @Test("a folder that came to be meanwhile is not replaced unasked")
  func meanwhile() throws {
    let temporary = TemporaryFolder()
    let folder = try AtomicFolder(temporary.file("out"), replaceExisting: false)
    _ = temporary.folder("out")
    temporary.write("theirs", to: "out/a.txt")
    #expect(
      failure { () throws(ModelIOError) in try folder.commit() }
        == .output(path: temporary.file("out"), .exists))
    #expect(bytes(ofFile: temporary.file("out/a.txt")) == Array("theirs".utf8))
  }

  @Test("what ended processes left is removed, what living ones write is not")
  func leftovers() throws {
    let temporary = TemporaryFolder()
    // Beyond the largest process number, this process's parent, and not of this name.
    let dead = ".out.partial-2147483647"
    let kept = [".out.partial-\(getppid())", ".out.partial-x", ".other.partial-2147483647"]
    for name in kept + [dead] { _ = temporary.folder(name) }
    temporary.write("half", to: "\(dead)/model.safetensors")
    _ = temporary.folder(".out.partial-\(getpid())")
    let folder = try AtomicFolder(temporary.file("out"), replaceExisting: false)
    try folder.commit()
    #expect(FilePath.names(inFolder: temporary.path) == (kept + ["out"]).sorted())
  }

  @Test("a process that ended between the two renames left the old folder, which returns to its place")
  func interrupted() throws {
    let temporary = TemporaryFolder()
    _ = temporary.folder(".out.replaced-2147483647")
    temporary.write("old", to: ".out.replaced-2147483647/a.txt")
    #expect(refusal(temporary.file("out")) == .output(path: temporary.file("out"), .exists))
    #expect(bytes(ofFile: temporary.file("out/a.txt")) == Array("old".utf8))
    _ = temporary.folder(".out.replaced-2147483647")
    try AtomicFolder(temporary.file("out"), replaceExisting: true).commit()
    #expect(FilePath.names(inFolder: temporary.path) == ["out"])
  }
}
