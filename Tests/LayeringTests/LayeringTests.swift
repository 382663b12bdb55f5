import Foundation
import TestSupport
import Testing

/// The rows of the table in the design: what each module may import besides the system's own modules.
private let allowed: [String: Set<String>] = {
  let foundation: Set<String> = ["Tensors"]
  let algebra = foundation.union(["LinearAlgebra", "CKernels", "Graph"])
  let reading = algebra.union(["ModelIO"])
  let running = reading.union(["Runtime"])
  let calibrating = running.union(["Calibration"])
  let hosting = calibrating.union(["Training", "PluginHost"])
  let exporting = hosting.union(["Export"])
  let all = exporting.union(["Pipeline", "Evaluation", "Generation", "Validator"])
  return [
    "Tensors": [], "LinearAlgebra": ["Tensors", "COpenBLAS", "CKernels"], "Graph": foundation,
    "ModelIO": ["Graph", "Tensors", "CKernels"], "Runtime": algebra, "Calibration": running,
    "Training": calibrating,
    "PluginHost": calibrating.union(["CLathe", "Training"]), "Pipeline": exporting, "Evaluation": hosting,
    "Generation": running, "Export": running, "Validator": hosting.union(["CLathe"]),
    "CLI": all.union(["CTemplates"]),
    "Benchmarks": all, "Kit": ["CLathe"],
  ]
}()

/// Modules that do not lie in the host's folder.
private let elsewhere = ["Kit": "Sources/PluginAPI/Kit", "Benchmarks": "Tests/Benchmarks"]

/// Modules of the system and the toolchain.
private let system: Set<String> = ["Swift", "Foundation", "Glibc", "Dispatch", "Synchronization"]

/// Every Swift file below `folder` of the package, with its text.
private func sources(_ folder: String) -> [(path: String, text: String)] {
  let root = Shared.packageRoot.appending(path: folder)
  let files = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
  return files.filter { $0.hasSuffix(".swift") }.sorted().compactMap { name in
    (try? String(contentsOf: root.appending(path: name), encoding: .utf8)).map { ("\(folder)/\(name)", $0) }
  }
}

/// The modules a file imports.
private func importedModules(_ text: String) -> [String] {
  text.split(separator: "\n").compactMap { line in
    let words = line.split(separator: " ").filter { !$0.hasPrefix("@") && $0 != "internal" && $0 != "public" }
    guard words.first == "import", words.count > 1 else { return nil }
    let kinds: Set<Substring> = ["struct", "class", "enum", "func", "protocol", "typealias", "let", "var"]
    return (kinds.contains(words[1]) ? words[2] : words[1]).split(separator: ".").first.map(String.init)
  }
}

@Suite struct LayeringTests {
  @Test("a host module imports only what stands below it", arguments: allowed.keys.sorted())
  func imports(module: String) throws {
    let folder = elsewhere[module] ?? "Sources/Host/\(module)"
    let files = sources(folder)
    try #require(!files.isEmpty)
    let permitted = try #require(allowed[module]).union(system)
    for file in files {
      for name in importedModules(file.text) {
        #expect(permitted.contains(name), "\(file.path) imports \(name)")
      }
    }
  }

  @Test("Package.swift gives no host module more than the table allows")
  func package() throws {
    let text = try String(contentsOf: Shared.packageRoot.appending(path: "Package.swift"), encoding: .utf8)
    let table = try #require(text.split(separator: "let host:").last?.split(separator: "\n]\n").first)
    var rows = 0
    for row in table.split(separator: "\n  (") {
      let names = row.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
        .filter { $0.offset % 2 == 1 }.map { String($0.element) }
      guard let module = names.first else { continue }
      rows += 1
      let extra = Set(names.dropFirst()).subtracting(allowed[module] ?? [])
      #expect(extra == [], "\(module) is given \(extra)")
    }
    #expect(rows >= 9)
  }

  @Test("every module of the host has its row in the table")
  func complete() throws {
    let host = Shared.packageRoot.appending(path: "Sources/Host").path
    let modules = try FileManager.default.contentsOfDirectory(atPath: host).filter {
      !sources("Sources/Host/\($0)").isEmpty
    }
    #expect(Set(modules).subtracting(allowed.keys) == [])
  }

  @Test("only the linear algebra meets OpenBLAS and only the plugin host and the validator meet the C tables")
  func boundaries() {
    for file in sources("Sources/Host") + sources("Sources/PluginAPI") + sources("Plugins") {
      let names = importedModules(file.text)
      #expect(
        !names.contains("COpenBLAS") || file.path.hasPrefix("Sources/Host/LinearAlgebra/"), "\(file.path)")
      let meetsTables =
        ["Sources/Host/PluginHost/", "Sources/Host/Validator/", "Sources/PluginAPI/Kit/"].contains {
          file.path.hasPrefix($0)
        }
      #expect(!names.contains("CLathe") || meetsTables, "\(file.path)")
    }
  }

  /// What a strategy is built on besides the kit.
  private static let uses: [Substring: Set<String>] = [
    "SVDLLMv2": ["LowRank"], "AdaSVD": ["LowRank"], "Quantize": ["LowRank"],
    "SoCo": ["LowRank"],
  ]

  @Test(
    "a strategy sees the plugin kit and its shared targets; those the kit alone; an entry its strategy too")
  func plugins() throws {
    let files = sources("Plugins")
    try #require(!files.isEmpty)
    for file in files {
      let parts = file.path.split(separator: "/")
      var permitted: Set<String> = ["PluginKit", "Glibc", "Synchronization"]
      if parts[1] != "Shared" { permitted.formUnion(Self.uses[parts[1]] ?? []) }
      if parts[2] == "Entry" { permitted.formUnion(["CLathe", "\(parts[1])Strategy"]) }
      for name in importedModules(file.text) {
        #expect(permitted.contains(name), "\(file.path) imports \(name)")
      }
    }
  }

  @Test("the host names no strategy")
  func noStrategyIDs() {
    let ids = ["svdllm", "svd-llm", "quantize\"", "adasvd", "soco"]
    for file in sources("Sources/Host") {
      let text = file.text.lowercased()
      for id in ids { #expect(!text.contains(id), "\(file.path) mentions \(id)") }
    }
  }

  @Test("one file of the host writes to standard output")
  func oneOutput() {
    let ways = [
      "standardOutput", "STDOUT_FILENO", "Swift.print(", " puts(", "fputs(", "putchar(", " debugPrint(",
    ]
    let files = sources("Sources/Host").filter { file in ways.contains { file.text.contains($0) } }
    #expect(files.map(\.path) == ["Sources/Host/CLI/Interface/ResultOutput.swift"])
  }

  @Test("nothing on the way into a plugin uses Foundation")
  func pluginsWithoutFoundation() {
    for file in sources("Plugins") + sources("Sources/PluginAPI") {
      #expect(!importedModules(file.text).contains("Foundation"), "\(file.path)")
    }
  }

  @Test("the reader of import lines understands every form of them")
  func reader() {
    let text =
      "import A\n@testable import B\npublic import C\nimport struct D.E\n// import F\nlet import_ = 1\n"
    #expect(importedModules(text) == ["A", "B", "C", "D"])
  }
}
