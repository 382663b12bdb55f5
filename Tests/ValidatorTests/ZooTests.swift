import Foundation
import ModelIO
import TestSupport
import Testing
import Validator

/// Plugins that break one rule each: what shows that a case can fail.
@Suite(.enabled(if: CCompiler.path != nil)) struct ZooTests {
  @Test("every case has a plugin that breaks its rule, and every such plugin has its case")
  func complete() throws {
    let cases = ValidationCase.all.map(\.name)
    #expect(Set(cases).count == cases.count)
    #expect(Set(Zoo.names) == Set(cases).union(["keeps-every-rule"]))
  }

  @Test("a plugin of the zoo fails in the case that it is named after", arguments: Zoo.quick)
  func own(name: String) throws {
    let found = try Zoo.flagged(name, ["--only", name])
    #expect(found.keys.sorted() == [name])
    #expect(found[name].map { !$0.isEmpty } ?? false)
  }

  @Test(
    "a plugin that acts on products of factors only fails in the case that it is named after",
    arguments: Zoo.products)
  func products(name: String) throws {
    let item = String(name.split(separator: "/").last ?? "")
    let cases = Zoo.products.compactMap { $0.split(separator: "/").last }.filter { $0 != "keeps-every-rule" }
    #expect(cases.count >= 4)
    let found = try Zoo.flagged(name, (cases + ["better-than-zero"]).flatMap { ["--only", String($0)] })
    #expect(found.keys.sorted() == (item == "keeps-every-rule" ? [] : [item]))
  }

  @Test(
    "the plugin that keeps every rule passes each case of some groups, and none is left out",
    arguments: ["keeps-every-rule", "products/keeps-every-rule"])
  func sound(name: String) throws {
    let groups = ["binary", "module", "descriptor", "graph", "statistics", "floating-point"]
    let run = try Zoo.run(name, groups.flatMap { ["--only", $0] })
    #expect(run.status == 0)
    #expect(run.lines.allSatisfy { $0.hasPrefix("PASS") }, "\(run.lines)")
    #expect(run.lines.count == ValidationCase.all.filter { groups.contains($0.group.rawValue) }.count)
  }

  @Test(
    "a plugin that breaks one rule passes the cases about others, or they do not apply",
    arguments: ["replaces-selected-only", "texts-are-utf8", "borrowed-not-kept", "writes-in-bounds"])
  func others(name: String) throws {
    let groups = ["module", "descriptor", "graph", "statistics", "memory"]
    let words = groups.flatMap { ["--only", $0] } + ["--skip", name, "--skip", "no-leak-after-errors"]
    #expect(try Zoo.flagged(name, words).keys.sorted() == [])
  }

  @Test("what a failing forecast said is in the failure")
  func forecast() throws {
    let found = try Zoo.flagged("forecast-answers", ["--only", "lifecycle"])
    #expect(found.keys.sorted() == ["forecast-answers"])
    #expect(found["forecast-answers"]?.contains("ranks are known after the measurements") ?? false)
  }

  @Test("a strategy that replaces nothing is warned about, in text and JSON, and passes")
  func vacuous() throws {
    let text = try Zoo.run("replaces-a-layer", ["--only", "numerics"])
    #expect(text.status == 0 && text.lines.filter { $0.hasPrefix("WARN") }.count == 1)
    let json = try Zoo.run("replaces-a-layer", ["--only", "replaces-a-layer", "--json"])
    #expect(json.status == 0 && json.output.contains("\"warn\""))
    #expect(json.output.contains("not exercised"))
  }

  @Test("a case in which no layer was replaced is skipped and says so; JSON counts the layers")
  func idle() throws {
    let groups = ["graph", "memory", "determinism", "floating-point"].flatMap { ["--only", $0] }
    let words = groups + ["--skip", "survives-failed-calls", "--skip", "survives-failed-allocations"]
    let idle = try Zoo.run("replaces-a-layer", words)
    #expect(idle.status == 0 && idle.lines.allSatisfy { $0.hasPrefix("SKIP") }, "\(idle.lines)")
    let busy = try Zoo.run("products/keeps-every-rule", ["--only", "odd-sizes", "--json"])
    let document = try JSON(parsing: busy.output)
    // 13 selected layers of the plain model, and as many of the odd one.
    #expect(document["cases"]?.arrayValue?.first?["replaced"]?.intValue == 26)
    #expect(document["layers"]?["zoo"]?.stringValue == "factored")
  }

  @Test("matrices of a header that did not know codebooks are taken")
  func olderMatrices() throws {
    let source = """
      #define ON_FORM \\
        p.low.struct_size = p.high.struct_size = (uint32_t)offsetof(lathe_matrix, codebook);
      #include "base.h"

      """
    #expect(try Zoo.flagged("older", source: source, ["--only", "graph"]).isEmpty)
  }

  @Test("a copy of a borrowed matrix that keeps its struct_size is read beyond its end by a newer host")
  func copiedMatrices() throws {
    for (size, isSound) in [("sizeof copy", true), ("copy.struct_size", false)] {
      let source = """
        #define ON_FORM \\
          const lathe_linear *now = NULL; \\
          if (graph->linear(host, node, &now) != LATHE_OK) return FAILED(LATHE_ERR_INTERNAL, "no form"); \\
          lathe_matrix copy = *now->terms[0]->factors[0]; \\
          copy.struct_size = \(size); \\
          copy.rows = p.low.rows; \\
          copy.values = p.low.values; \\
          p.factors[0] = &copy;
        #include "base.h"

        """
      let cases = ["works-in-newer-host", "forms-are-sound", "better-than-zero", "replaces-a-layer"]
      let found = try Zoo.flagged("copies", source: source, cases.flatMap { ["--only", $0] })
      #expect(found.keys.sorted() == (isSound ? [] : ["works-in-newer-host"]), "\(found)")
    }
  }

  @Test(
    "a call that fails has the functions that are called once, and decompositions because of their numbers")
  func everyFunction() throws {
    let faults = [
      // Called once, among hundreds of others.
      (
        "PLAN", "ON_PLAN",
        "lathe_model_info info = {sizeof info}; if (graph->model(host, &info) != LATHE_OK) return LATHE_ERR_INTERNAL;"
      ),
      // Only where the numbers are to blame.
      (
        "SVD", "ON_WEIGHT",
        "if (algebra->svd(host, weight, ta, ts, tb) == LATHE_ERR_NUMERICAL) { CLEAN return LATHE_ERR_NUMERICAL; }"
      ),
    ]
    for (name, hook, statement) in faults {
      let source = "#define \(hook) \\\n  \(statement)\n#include \"base.h\"\n"
      let found = try Zoo.flagged(name, source: source, ["--only", "failures-are-explained"])
      #expect(found.keys.sorted() == ["failures-are-explained"], "\(name) \(found)")
    }
  }

  @Test("a refusal without a word is none")
  func silentRefusal() throws {
    let source = """
      #define ON_NODE \\
        const lathe_linear *now = NULL; \\
        if (graph->linear(host, node, &now) != LATHE_OK) return FAILED(LATHE_ERR_INTERNAL, "no form"); \\
        if (now->terms[0]->factors[0]->storage != LATHE_MATRIX_DENSE) return LATHE_ERR_UNSUPPORTED;
      #include "base.h"

      """
    let found = try Zoo.flagged(
      "silent", source: source, ["--only", "quantized-layers", "--only", "codebook-layers"])
    #expect(found.keys.sorted() == ["codebook-layers", "quantized-layers"], "\(found)")
  }

  @Test("reports are part of what is the same twice")
  func reports() throws {
    let source = """
      #define GLOBALS static int calls;
      #define ON_NODE \\
        if (report != NULL) report->metric(host, node, "calls", (double)calls++);
      #include "base.h"

      """
    let found = try Zoo.flagged("reports", source: source, ["--only", "same-bytes-twice"])
    #expect(found.keys.sorted() == ["same-bytes-twice"], "\(found)")
  }

  @Test("a plugin that was cancelled and says that all is well is found out")
  func silentCancel() throws {
    let source = "#define ON_CANCELLED return LATHE_OK;\n#include \"base.h\"\n"
    let found = try Zoo.flagged("cancels", source: source, ["--only", "cancel"])
    #expect(found["cancel-gives-cancelled"]?.contains("every call returned LATHE_OK") ?? false, "\(found)")
  }

  @Test("where any run crashes, one case says so and the cases about runs do not apply")
  func crashes() throws {
    let source = "#define ON_COMPRESS \\\n  raise(SIGSEGV);\n#include \"base.h\"\n"
    let run = try Zoo.run("crashes", source: source, ["--only", "lifecycle", "--only", "numerics"])
    let failures = run.lines.filter { $0.hasPrefix("FAIL") }
    #expect(run.status == 3 && failures.count == 1 && failures[0].contains("completes-a-run"), "\(run.lines)")
    #expect(run.lines.dropFirst().allSatisfy { $0.hasPrefix("SKIP") && $0.contains("completes-a-run") })
  }

  @Test("an input that is scaled is made up for by the weights, or the outputs are worse than zeros")
  func scaledInputs() throws {
    for (divisor, isSound) in [("4", true), ("1", false)] {
      let found = try Zoo.flagged(
        "scales", source: Zoo.scaling(weightsBy: divisor), ["--only", "graph", "--only", "better-than-zero"])
      #expect(found.keys.sorted() == (isSound ? [] : ["better-than-zero"]), "\(found)")
    }
  }

  @Test("a crash, a hang and an exit become failures with a sentence", arguments: Zoo.ends)
  func ends(end: Zoo.End) throws {
    let found = try Zoo.flagged(end.name, source: end.source, ["--only", "completes-a-run", "--limit", "2"])
    #expect(found["completes-a-run"]?.contains(end.sentence) ?? false, "\(found)")
  }
}
