import Synchronization

/// The library to validate and what all its cases share.
struct FileBench: Sendable {
  let path: String
  let settings: RunSettings
  let trace: TraceLog?
  private let shelf = ModelShelf()

  var seed: UInt64 { settings.seed }
  var given: [String: String] { settings.given }

  init(path: String, settings: RunSettings, trace: TraceLog? = nil) {
    self.path = path
    self.settings = settings
    self.trace = trace
  }

  /// The tiny model of a kind and a form: made once, since cases use it again and again.
  func model(_ kind: TinyModel.Kind, _ form: TinyModel.Form) -> TinyModel {
    shelf.model(kind, kind.form ?? form, seed: seed)
  }

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
  private struct Key: Hashable {
    let kind: TinyModel.Kind
    let form: TinyModel.Form
  }

  private let models = Mutex<[Key: TinyModel]>([:])

  func model(_ kind: TinyModel.Kind, _ form: TinyModel.Form, seed: UInt64) -> TinyModel {
    let key = Key(kind: kind, form: form)
    return models.withLock { models in
      if let known = models[key] { return known }
      let made = TinyModel(kind, form: form, seed: seed)
      models[key] = made
      return made
    }
  }
}
