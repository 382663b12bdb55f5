import Foundation
import TestSupport
import Testing

@testable import PluginHost

@Suite struct TrustTests {
  private let folder = TestFolder()
  private func list(_ name: String = "trusted.json") -> String { folder.file(name) }
  private static let other = String(repeating: "0a", count: 32)

  @Test("a list that is written reads back the same, and each change is there at once")
  func roundTrip() throws {
    let path = folder.file("deep/er/trusted.json")
    #expect(try TrustList(path: path) == nil)
    var list = TrustList(emptyAt: path)
    let entry = try TrustList.entry(of: BuildFolder.plugin("Quantize"))
    list.add(entry)
    list.add(TrustList.Entry(hash: Self.other, name: "b.so"))
    list.add(entry)
    try list.write()
    #expect(try TrustList(path: path) == list)
    #expect(list.entries.map(\.name) == ["libQuantize.so", "b.so"])
    #expect(list.remove(entry.hash) && !list.remove(entry.hash))
    try list.write()
    #expect(try TrustList(path: path)?.entries.map(\.hash) == [Self.other])
    // Nothing of the writing is left beside it.
    #expect(folder.names(in: "deep/er") == ["trusted.json"])
  }

  @Test(
    "a list that cannot be read is an error with its path, never an empty list",
    arguments: [
      "", "[]", "{}", "{\"lathe\": 2, \"plugins\": []}", "{\"lathe\": 1, \"plugins\": [{\"file\": \"x\"}]}",
      "{\"lathe\": 1, \"plugins\": [{\"file\": \"x\", \"sha256\": \"ABC\"}]}",
    ])
  func broken(text: String) throws {
    let path = try folder.write(text, to: "trusted.json")
    #expect(complaint { try TrustList(path: path) }?.contains(path) == true)
  }

  /// What may stand at the list's path, or in place of its folder, without being a list.
  enum Obstacle: CaseIterable { case dangling, loop, danglingFolder, fileAsFolder, folder, pipe, writable }

  @Test(
    "a list that is there and cannot be read is no missing list: the path, why, and what to do",
    arguments: Obstacle.allCases)
  func unreadable(obstacle: Obstacle) throws {
    let path = folder.file("config/trusted.json")
    let files = FileManager.default
    if obstacle == .danglingFolder {
      try files.createSymbolicLink(atPath: folder.file("config"), withDestinationPath: "nowhere")
    } else if obstacle == .fileAsFolder {
      try folder.write("", to: "config")
    } else {
      try files.createDirectory(atPath: folder.file("config"), withIntermediateDirectories: true)
    }
    let reason: String
    switch obstacle {
    case .dangling:
      try files.createSymbolicLink(atPath: path, withDestinationPath: "nowhere")
      reason = "No such file"
    case .loop:
      try files.createSymbolicLink(atPath: path, withDestinationPath: "trusted.json")
      reason = "symbolic links"
    case .folder:
      try files.createDirectory(atPath: path, withIntermediateDirectories: true)
      reason = "not a regular file"
    case .pipe:
      #expect(mkfifo(path, 0o600) == 0)
      reason = "not a regular file"
    case .writable:
      try TrustList(emptyAt: path).write()
      #expect(try TrustList(path: path) != nil && chmod(path, 0o666) == 0)
      reason = "chmod o-w \(path)"
    case .danglingFolder: reason = "leads nowhere"
    case .fileAsFolder: reason = "Not a directory"
    }
    let text = complaint { try TrustList(path: path) } ?? ""
    #expect(text.contains(path) && text.contains(reason) && !text.contains("Error Domain"), "\(text)")
    #expect(text.contains("remove it") || obstacle == .writable, "\(text)")
  }

  @Test("a list behind a link is written where the link leads")
  func linked() throws {
    let target = folder.file("target.json")
    try TrustList(emptyAt: target).write()
    try FileManager.default.createSymbolicLink(atPath: list(), withDestinationPath: "target.json")
    var list = try #require(try TrustList(path: self.list()))
    list.add(TrustList.Entry(hash: Self.other, name: "b.so"))
    try list.write()
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: self.list()) == "target.json")
    #expect(try TrustList(path: target)?.contains(Self.other) == true)
  }

  @Test(
    "a link that leads to a library of the program after another was opened does not make that one the program's",
    .enabled(if: CCompiler.path != nil))
  func swappedLink() throws {
    let other = try CCompiler.plugin("keeps_every_rule", into: folder)
    let link = folder.file("link.so")
    let own = BuildFolder.plugin("Quantize")
    let reader = PluginReader(
      trust: TrustPolicy(needsList: true), isolation: nil, ownFolders: [BuildFolder.path],
      isCancelled: { false })
    func open(_ first: String, then second: String) throws -> PluginFile {
      unlink(link)
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: first)
      let file = try PluginFile(link)
      unlink(link)
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: second)
      return file
    }
    let text = complaint { try reader.library(open(other, then: own)) } ?? ""
    #expect(text.contains("is not loaded") && text.contains("trust add"), "\(text)")
    // What was opened is the program's, and that is what is loaded.
    let library = try reader.library(open(own, then: other))
    #expect(library.strategies.map(\.id) == ["quantize"])
  }

  @Test(
    "only listed libraries load, and a refusal says what was found, what was expected and where",
    .enabled(if: CCompiler.path != nil))
  func policy() throws {
    let plugin = try CCompiler.plugin("keeps_every_rule", into: folder)
    let entry = try TrustList.entry(of: plugin)
    var list = TrustList(emptyAt: self.list())
    list.add(TrustList.Entry(hash: Self.other, name: "another"))
    for policy in [TrustPolicy(list: list), TrustPolicy(needsList: true)] {
      let text = complaint { try PluginSearch(explicit: [plugin], trust: policy) } ?? ""
      #expect(text.contains(plugin) && text.contains(entry.hash) && text.contains("trust add"), "\(text)")
      if policy.list != nil { #expect(text.contains(self.list()), "\(text)") }
      // In a folder it is noted and passed over.
      let search = try PluginSearch(explicit: [folder.path], trust: policy)
      #expect(search.candidates.first { $0.path == plugin }?.library == nil)
    }
    list.add(entry)
    let search = try PluginSearch(explicit: [plugin], trust: TrustPolicy(list: list, needsList: true))
    #expect(search.libraries.first?.hash == entry.hash)
  }

  @Test("the libraries beside the program need no list")
  func own() throws {
    let search = try PluginSearch(
      explicit: BuildFolder.plugins, executable: BuildFolder.lathe, trust: TrustPolicy(needsList: true))
    #expect(search.libraries.count >= 3)
  }

  @Test(
    "of two libraries with one id a pin chooses the one it names, and refuses where none is it",
    .enabled(if: CCompiler.path != nil))
  func pin() throws {
    let first = try CCompiler.plugin("keeps_every_rule", into: folder)
    let second = try CCompiler.plugin("fails", into: folder)
    let search = try PluginSearch(explicit: [first, second])
    let hash = try TrustList.entry(of: second).hash
    #expect(try search.strategy("test-plugin", hash: hash).library.path == second)
    #expect(try search.strategy("test-plugin").library.path == first)
    let text = complaint { try search.strategy("test-plugin", hash: Self.other) } ?? ""
    for part in [Self.other, hash, first, second] { #expect(text.contains(part), "\(text)") }
  }

  @Test("the file that was hashed is the file that is loaded", .enabled(if: CCompiler.path != nil))
  func swapped() throws {
    let good = try CCompiler.plugin("keeps_every_rule", into: folder)
    let crashing = try CCompiler.plugin("isolate-load", into: folder)
    let file = try PluginFile(good)
    // Somebody puts another file in its place after it was hashed.
    #expect(rename(crashing, good) == 0)
    let library = try PluginLibrary(file, expecting: file.hash)
    #expect(library.strategies.map(\.id) == ["test-plugin"])
  }

  @Test(
    "a file whose hash is another than expected is refused before any of its code runs",
    .enabled(if: CCompiler.path != nil))
  func unexpected() throws {
    let crashing = try CCompiler.plugin("isolate-load", into: folder)
    let text = complaint { try PluginLibrary(path: crashing, hash: Self.other) } ?? ""
    #expect(text.contains("expected was \(Self.other)") && text.contains(crashing), "\(text)")
  }

  @Test("two files loaded by hash at one path are two libraries", .enabled(if: CCompiler.path != nil))
  func sameDescriptor() throws {
    let first = try CCompiler.plugin("keeps_every_rule", into: folder)
    let one = try PluginLibrary(path: first, hash: TrustList.entry(of: first).hash)
    _ = try CCompiler.plugin("newer_plugin", into: folder)
    #expect(rename(folder.file("newer_plugin.so"), first) == 0)
    let two = try PluginLibrary(path: first, hash: TrustList.entry(of: first).hash)
    #expect(one.abi == "1.0" && two.abi == "1.7")
  }

  @Test("under elevated privileges no variable of the environment decides what is loaded or believed")
  func privileges() {
    let environment = [
      "LATHE_PLUGIN_PATH": "/tmp/evil", "XDG_DATA_HOME": "/tmp/evil", "XDG_CONFIG_HOME": "/tmp/evil",
      "HOME": "/tmp/evil",
    ]
    let elevated = PluginSearch.standardFolders(
      executable: "/opt/lathe/bin/lathe", environment: environment, isPrivileged: true)
    #expect(elevated == ["/opt/lathe/lib/lathe/plugins", "/opt/lathe/bin"])
    #expect(!TrustList.standardPath(environment: environment, isPrivileged: true).contains("evil"))
    let plain = PluginSearch.standardFolders(
      executable: "/opt/lathe/bin/lathe", environment: environment, isPrivileged: false)
    #expect(plain == ["/tmp/evil"])
    #expect(
      TrustList.standardPath(environment: environment, isPrivileged: false)
        == "/tmp/evil/lathe/trusted-plugins.json")
    #expect(
      TrustList.standardPath(
        environment: ["XDG_CONFIG_HOME": "not/absolute", "HOME": "/h"], isPrivileged: false)
        == "/h/.config/lathe/trusted-plugins.json")
    #expect(!Privileges.areElevated)
  }
}
