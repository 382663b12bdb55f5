import CLathe
import Glibc

/// About the file and what loading it does.
enum BinaryCases {
  static let all: [ValidationCase] = [
    ValidationCase(
      .binary, "loads-with-all-symbols",
      "The library loads with RTLD_NOW, exports lathe_entry, and lathe_entry returns a module.",
      fix:
        "link with -Wl,-z,defs to see missing symbols at build time, and export lathe_entry with C linkage",
      .file { bench throws(CaseFault) in _ = try ModuleUnderTest(loading: bench.path) }),
    ValidationCase(
      .binary, "exports-only-entry", "The library exports one symbol, lathe_entry.",
      fix:
        "compile with -fvisibility=hidden, or link with a version script; `nm -D --defined-only FILE` shows what is exported",
      .file { bench throws(CaseFault) in
        let extra = try SharedObject(path: bench.path).exports.filter { $0 != LATHE_ENTRY_SYMBOL }.sorted()
        guard let first = extra.first else { return }
        let rest = extra.count > 1 ? " and \(extra.count - 1) more" : ""
        throw .broken(call: "dynamic symbols", what: "it also exports \(first)\(rest)")
      }),
    ValidationCase(
      .binary, "no-second-blas",
      "The library brings no BLAS and no thread library of its own: both would start threads.",
      fix: "use lathe.linalg/1 and lathe.parallel/1, and link without -lopenblas, -lgomp and their like",
      .file { bench throws(CaseFault) in
        let words = ["blas", "lapack", "libmkl", "libgomp", "libomp", "libiomp", "libtbb"]
        let needed = try SharedObject(path: bench.path).needed
        guard let bad = needed.first(where: { name in words.contains { name.lowercased().contains($0) } })
        else { return }
        throw .broken(call: "DT_NEEDED", what: "it needs \(bad)")
      }),
    ValidationCase(
      .binary, "loads-without-side-effects",
      "Loading changes nothing in the process: working folder, environment, umask, signals, files, threads, locale, output.",
      fix: "do in create what a constructor or a static initialiser does now",
      .file { bench throws(CaseFault) in
        let before = ProcessState.now
        let output = ProcessState.outputOf { _ = try? ModuleUnderTest(loading: bench.path) }
        if let change = before.difference(to: .now) {
          throw .broken(call: "dlopen or lathe_entry", what: change)
        }
        if output > 0 {
          throw .broken(call: "dlopen or lathe_entry", what: "it wrote \(output) bytes of output")
        }
      }),
    ValidationCase(
      .binary, "loads-quickly", "Loading and lathe_entry take less than a second.",
      fix: "build tables when they are first used, in create",
      .file { bench throws(CaseFault) in
        let start = ContinuousClock.now
        do throws(CaseFault) { _ = try ModuleUnderTest(loading: bench.path) } catch {
          throw .notApplicable("it does not load; see loads-with-all-symbols")
        }
        let passed = ContinuousClock.now - start
        if passed > .seconds(1) { throw .broken(call: "dlopen and lathe_entry", what: "they took \(passed)") }
      }),
    ValidationCase(
      .binary, "load-keeps-floating-point",
      "Loading leaves the floating-point environment as it was found.",
      fix: "link without -ffast-math: its start-up code switches denormals off",
      .file { bench throws(CaseFault) in
        let before = FloatingPointState()
        let environment = UnsafeMutablePointer<fenv_t>.allocate(capacity: 1)
        fegetenv(environment)
        let path = bench.path.contains("/") ? bench.path : "./\(bench.path)"
        let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)
        let difference = before.differences.first
        fesetenv(environment)
        environment.deallocate()
        if handle == nil { throw .notApplicable("it does not load; see loads-with-all-symbols") }
        if let difference { throw .broken(call: "dlopen", what: difference.what) }
      }),
  ]
}
