import Foundation
import TestSupport
import Testing

/// The plugins of Tests/Zoo, compiled and validated.
enum Zoo {
  static let folder = Shared.packageRoot.appending(path: "Tests/Zoo")

  /// What a plugin does instead of compressing.
  struct End: Sendable {
    let name: String
    let body: String
    let sentence: String
    var source: String { "#define ON_COMPRESS \\\n  \(body)\n#include \"base.h\"\n" }
  }

  static let ends = [
    End(name: "crash", body: "raise(SIGSEGV);", sentence: "SIGSEGV"),
    End(name: "hang", body: "for (;;) usleep(1000);", sentence: "after 2 s"),
    End(name: "exit", body: "exit(7);", sentence: "exit status 7"),
  ]

  /// Divides the input of down projections by 1/4, and their weights by `divisor`: 4 makes up for it.
  static func scaling(weightsBy divisor: String) -> String {
    """
    #define ON_NODE \\
      if (place->role == LATHE_ROLE_DOWN) { \\
        lathe_tensor *scales = NULL; \\
        const int64_t width[1] = {place->in_features}; \\
        if (host->new_tensor(host, f32, 1, width, &scales) != LATHE_OK) \\
          return FAILED(LATHE_ERR_NO_MEMORY, "no memory for scales"); \\
        for (int64_t j = 0; j < width[0]; j++) ((float *)scales->data)[j] = 0.25f; \\
        const lathe_status scaled = graph->scale_input(host, node, scales); \\
        drop(scales); \\
        if (scaled != LATHE_OK) return FAILED(scaled, "an input could not be scaled"); \\
      }
    #define ON_FACTORS \\
      if (place->role == LATHE_ROLE_DOWN) \\
        for (int64_t i = 0; i < place->out_features * rank; i++) a[i] *= 1.0f / (\(divisor));
    #include "base.h"

    """
  }

  /// The plugins by name.
  static var names: [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return files.filter { $0.hasSuffix(".c") }.map { String($0.dropLast(2)) }.sorted()
  }

  /// Plugins that act on products of factors only, with their folder.
  static var products: [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path + "/products")) ?? []
    return files.filter { $0.hasSuffix(".c") }.map { "products/\($0.dropLast(2))" }.sorted()
  }

  /// Those whose own case takes no more than a second. `scripts/zoo.sh` runs all of them, against all cases.
  static let quick = names.filter { name in
    ![
      "keeps-every-rule", "runs-leak-no-memory", "destroy-frees-the-instance", "no-leak-after-errors",
      "statuses-are-known", "failures-are-explained", "loads-quickly", "fuzz-parameters",
      "runs-share-nothing",
      "survives-failed-calls", "survives-failed-allocations", "same-bytes-in-another-process",
    ].contains(name)
  }

  /// Compiles and validates a plugin; the words of each line of the table.
  static func run(
    _ name: String, source: String? = nil, _ words: [String]
  ) throws -> (status: Int32, lines: [String], output: String) {
    let run = try process(name, source: source, words)
    let verdicts = ["PASS", "FAIL", "WARN", "SKIP"]
    let lines = run.output.split(separator: "\n").map(String.init)
    return (run.status, lines.filter { line in verdicts.contains { line.hasPrefix($0) } }, run.output)
  }

  static func process(_ name: String, source: String? = nil, _ words: [String]) throws -> ChildProcess {
    let library = try library(name, source: source)
    return try ChildProcess.run(BuildFolder.lathe, ["plugins", "validate", library.path] + words)
  }

  /// The failures and warnings, by case.
  static func flagged(_ name: String, source: String? = nil, _ words: [String]) throws -> [String: String] {
    let run = try run(name, source: source, words)
    var found: [String: String] = [:]
    for line in run.lines where line.hasPrefix("FAIL") || line.hasPrefix("WARN") {
      let parts = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: true)
      found[String(parts[2])] = parts.count > 3 ? String(parts[3]) : ""
    }
    // Exit status 3 says that a case failed.
    #expect((run.status == 3) == run.lines.contains { $0.hasPrefix("FAIL") }, "status \(run.status)")
    return found
  }

  private static func library(_ name: String, source: String?) throws -> Library {
    let folder = TestFolder()
    let flags =
      try source == nil
      ? String(contentsOf: Self.folder.appending(path: "\(name).c"), encoding: .utf8).split(separator: "\n")
        .first { $0.hasPrefix("/* flags: ") }.map {
          $0.split(separator: " ").dropFirst(2).dropLast().map(String.init)
        }
        ?? [] : []
    let file = try source.map { try folder.write("#include <signal.h>\n" + $0, to: "\(name).c") }
    let path = try CCompiler.zoo(
      file ?? Self.folder.appending(path: "\(name).c").path, into: folder.file("plugin.so"), flags: flags)
    return Library(folder: folder, path: path)
  }

  /// A library, there as long as its folder.
  private struct Library {
    let folder: TestFolder
    let path: String
  }
}
