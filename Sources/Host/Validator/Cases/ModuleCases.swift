import CLathe
import Foundation
import Synchronization

/// About the entry and the module's table.
enum ModuleCases {
  static let all: [ValidationCase] = [
    ValidationCase(
      .module, "abi-version-fits",
      "The module was built for ABI 1 and needs no newer host than its own abi_minor.",
      fix:
        "set abi_major and abi_minor from lathe.h and min_host_minor to the oldest minor whose fields you cannot do without",
      .file { bench throws(CaseFault) in
        let module = try loaded(bench)
        if let problem = module.versionProblem { throw .broken(call: LATHE_ENTRY_SYMBOL, what: problem) }
      }),
    ValidationCase(
      .module, "module-table-is-sound",
      "Tables state their sizes, and what counts announce is there: strategies, create, parameters.",
      fix: "set struct_size = sizeof of each table, and keep the arrays in static constant data",
      .file { bench throws(CaseFault) in
        let module = try loaded(bench)
        if module.versionProblem != nil {
          throw .notApplicable("it was built for another ABI; see abi-version-fits")
        }
        if let problem = module.tableProblem { throw .broken(call: LATHE_ENTRY_SYMBOL, what: problem) }
      }),
    ValidationCase(
      .module, "entry-is-idempotent", "lathe_entry returns the same module whenever it is asked.",
      fix: "return the address of one static constant table",
      .module { module, bench throws(CaseFault) in
        for path in [bench.path, "", "/another/place.so"] {
          guard ModuleUnderTest.ask(module.entry, path: path) == module.table else {
            throw .broken(call: LATHE_ENTRY_SYMBOL, what: "a later call returned another module")
          }
        }
      }),
    ValidationCase(
      .module, "entry-from-any-thread", "lathe_entry can be called from any thread.",
      fix: "use no thread-local data and nothing that is bound to the main thread",
      .module { module, bench throws(CaseFault) in
        let answer = Mutex<UInt>(0)
        let thread = Thread { [entry = module.entry, path = bench.path] in
          let found = UInt(bitPattern: ModuleUnderTest.ask(entry, path: path))
          answer.withLock { $0 = found == 0 ? 1 : found }
        }
        thread.start()
        for _ in 0..<2000 where answer.withLock({ $0 }) == 0 { usleep(1000) }
        guard answer.withLock({ $0 }) == UInt(bitPattern: module.table) else {
          throw .broken(
            call: LATHE_ENTRY_SYMBOL, what: "from a second thread it returned another module or none")
        }
      }),
    ValidationCase(
      .module, "works-in-newer-host",
      "A host of a later minor version has larger tables; what this header knows lies where it was.",
      fix:
        "test fields with LATHE_HAS, never compare struct_size or abi_minor for equality, and give copies of tables their own size",
      .strategy { bench throws(CaseFault) in
        try bench.complete()
        let host = bench.host(.plain, StrategyBench.options { $0.tableGrowth = HostTables.growth })
        if let fault = bench.attempt(host) {
          throw .broken(call: "a run in a host of ABI 1.\(LATHE_ABI_MINOR + 1)", what: "\(fault)")
        }
        if let fault = host.fault("works-in-newer-host") { throw fault }
      }),
    ValidationCase(
      .module, "runs-without-optional-extensions",
      "An optional extension may be absent: get_extension then returns NULL.",
      fix: "test the pointer from get_extension, or move the id to required_extensions",
      .strategy { bench throws(CaseFault) in
        let known = bench.strategy.optional.filter(StrategyUnderTest.knownExtensions.contains)
        if known.isEmpty { throw .notApplicable("it declares no optional extension") }
        try bench.complete()
        do throws(CaseFault) { try bench.complete { $0.withheld = Set(known) } } catch {
          // What is optional may be needed by what --set asks for.
          if !bench.file.given.isEmpty, ParameterCases.isRefusal(error) {
            throw .notApplicable("with these parameters it refuses: \(error)")
          }
          throw .broken(call: "a run without \(known.joined(separator: ", "))", what: "\(error)")
        }
      }),
    ValidationCase(
      .module, "unknown-extension-gives-null",
      "get_extension of an instance answers NULL for an id it does not know.",
      fix: "compare the id with each that you offer and return NULL otherwise",
      .strategy { bench throws(CaseFault) in
        let run = try StrategyRun(bench.host(.plain, HostOptions()))
        defer { run.destroy() }
        guard let ask = run.instance.pointee.get_extension else {
          throw .notApplicable("its instances have no get_extension")
        }
        for id in ["lathe.unheard-of/7", ""] where ask(run.instance, id) != nil {
          throw .broken(call: "get_extension(\"\(id)\") of the instance", what: "it returned a pointer")
        }
      }),
    ValidationCase(
      .module, "declares-its-extensions",
      "What a strategy asks the host for is declared: required, or optional.",
      fix: "add the id to required_extensions or optional_extensions",
      .strategy { bench throws(CaseFault) in try bench.check("declares-its-extensions") }),
  ]

  /// The module, or a skip where it does not load at all.
  static func loaded(_ bench: FileBench) throws(CaseFault) -> ModuleUnderTest {
    do throws(CaseFault) { return try ModuleUnderTest(loading: bench.path) } catch {
      throw .notApplicable("it does not load; see loads-with-all-symbols")
    }
  }
}
