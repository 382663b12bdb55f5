import Synchronization

/// The library to validate and what all its cases share.
struct FileBench: Sendable {
  let path: String
  let seed: UInt64
  let trace: TraceLog?
  private let shelf = ModelShelf()

  /// Texts of parameters in place of their defaults, by key.
  let given: [String: String]

  init(path: String, seed: UInt64, trace: TraceLog?, given: [String: String]) {
    self.given = given
    self.path = path
    self.seed = seed
    self.trace = trace
  }

  /// The tiny model of a kind: made once, since cases use it again and again.
  func model(_ kind: TinyModel.Kind) -> TinyModel { shelf.model(kind, seed: seed) }

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

/// Models that were made before.
private final class ModelShelf: Sendable {
  private let models = Mutex<[TinyModel.Kind: TinyModel]>([:])

  func model(_ kind: TinyModel.Kind, seed: UInt64) -> TinyModel {
    models.withLock { models in
      if let known = models[kind] { return known }
      let made = TinyModel(kind, seed: seed)
      models[kind] = made
      return made
    }
  }
}
