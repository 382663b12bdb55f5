/// The library to validate and what all its cases share.
struct FileBench: Sendable {
  let path: String
  let seed: UInt64
  let trace: TraceLog?

  /// Loads the library and checks its table so far that the strategies can be read.
  func module() throws(CaseFault) -> ModuleUnderTest {
    let module: ModuleUnderTest
    do throws(CaseFault) { module = try ModuleUnderTest(loading: path) } catch {
      throw .notApplicable("the library does not load; see loads-with-all-symbols")
    }
    if module.versionProblem != nil {
      throw .notApplicable("the module was built for another ABI; see abi-version-fits")
    }
    if module.tableProblem != nil {
      throw .notApplicable("the module's table cannot be read; see module-table-is-sound")
    }
    return module
  }
}
