import LinearAlgebra

/// What a case about a strategy works with.
struct StrategyBench: Sendable {
  let strategy: StrategyUnderTest
  let file: FileBench
  let subject: Subject
  let tally = RunTally()

  init(strategy: StrategyUnderTest, file: FileBench, subject: Subject? = nil) {
    self.strategy = strategy
    self.file = file
    self.subject = subject ?? file.settings.subjects[strategy.id] ?? Subject()
  }

  var seed: UInt64 { file.seed }

  func host(_ kind: TinyModel.Kind, _ options: HostOptions) -> CheckedHost {
    var options = options
    for parameter in strategy.parameters where options.parameters[parameter.key] == nil {
      guard let text = file.given[parameter.key], let value = try? parameter.value(of: text) else { continue }
      options.parameters[parameter.key] = value
    }
    options.keep = options.keep ?? subject.keep
    return CheckedHost(
      strategy, model: file.model(kind, subject.form), options: options, trace: file.trace, tally: tally)
  }

  static func options(_ change: (inout HostOptions) -> Void) -> HostOptions {
    var options = HostOptions()
    change(&options)
    return options
  }

  /// A whole run from create to destroy; the host with all it saw. Throws where the plugin ends a call with an error.
  @discardableResult
  func complete(
    _ kind: TinyModel.Kind = .plain, blocks order: [Int] = [0, 1],
    _ change: (inout HostOptions) -> Void = { _ in }
  ) throws(CaseFault) -> CheckedHost {
    let host = host(kind, Self.options(change))
    try run(on: host, blocks: order)
    return host
  }

  /// Runs everything and destroys the instance also after an error.
  func run(on host: CheckedHost, blocks order: [Int] = [0, 1]) throws(CaseFault) {
    let run = try StrategyRun(host)
    defer { run.destroy() }
    try run.all(blocks: order)
  }

  /// A run that may end with an error; the error is returned.
  func attempt(_ host: CheckedHost) -> CaseFault? {
    do throws(CaseFault) {
      try run(on: host)
      return nil
    } catch { return error }
  }

  /// Throws where a run of `kind` broke `rule`. What else was broken or failed is for other cases.
  func check(
    _ rule: String, _ kinds: [TinyModel.Kind] = [.plain], _ change: (inout HostOptions) -> Void = { _ in }
  ) throws(CaseFault) {
    for kind in withDense(kinds) {
      let host = host(kind, Self.options(change))
      let stopped = attempt(host)
      if let fault = host.fault(rule) { throw fault }
      // What a strategy refuses of unusual models hides nothing that the plain one shows; forms have their own cases.
      if let stopped, kind == .plain || kind.form == nil && !ParameterCases.isRefusal(stopped) {
        throw stopped
      }
    }
  }

  /// `kinds`, and dense layers for a strategy that acts on others: it meets them too.
  func withDense(_ kinds: [TinyModel.Kind]) -> [TinyModel.Kind] {
    subject.form == .dense ? kinds : kinds + [.dense]
  }

  /// Throws where compress was called and no layer was replaced.
  func requireReplacement() throws(CaseFault) {
    if tally.isIdle {
      throw .notApplicable("no layer was replaced, so it was not exercised; see replaces-a-layer")
    }
  }

  /// Throws where the run broke any rule: then its results say nothing.
  func requireClean(_ host: CheckedHost) throws(CaseFault) {
    if let finding = host.faults.first {
      throw .notApplicable("it breaks another rule first; see \(finding.rule)")
    }
  }

  /// The digest of a run, where two runs agree.
  func steadyDigest(_ kind: TinyModel.Kind = .plain) throws(CaseFault) -> String {
    let first = try complete(kind)
    try requireClean(first)
    guard try complete(kind).digest == first.digest else {
      throw .notApplicable("two equal runs differ; see same-bytes-twice")
    }
    return first.digest
  }

  /// The digest of a run of `kind` in a process of its own.
  func freshDigest(_ kind: TinyModel.Kind) throws(CaseFault) -> String {
    guard
      let text = CaseProcess.output(
        [
          file.path, "--digest", kind.rawValue, "--strategy", strategy.id,
        ] + file.settings.words), !text.isEmpty
    else { throw .notApplicable("a run in another process did not end well") }
    return text
  }
}

extension CheckedHost {
  /// 64 bits over every number of the replaced forms, in order of the nodes, and of the report (FNV-1a).
  var digest: String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ value: UInt64) {
      for shift in stride(from: 0, to: 64, by: 8) {
        hash = (hash ^ (value >> UInt64(shift) & 0xff)) &* 0x100_0000_01b3
      }
    }
    let (forms, biases, norms, reported) = state.withLock { ($0.forms, $0.biases, $0.norms, $0.reported) }
    for (form, bias) in zip(forms, biases) {
      for factor in form.joined() {
        for extent in [Int(factor.storage), factor.rows, factor.columns, factor.bits] { add(UInt64(extent)) }
        for value in factor.values + factor.scales + (factor.zeros ?? []) + (factor.table ?? []) {
          add(value.bitPattern)
        }
      }
      for value in bias ?? [] { add(value.bitPattern) }
    }
    for (_, norm) in norms.sorted(by: { $0.key < $1.key }) {
      for value in norm { add(value.bitPattern) }
    }
    for (key, values) in reported.sorted(by: { $0.key < $1.key }) {
      for byte in key.utf8 { add(UInt64(byte)) }
      for value in values { add(value.bitPattern) }
    }
    return String(hash, radix: 16)
  }

  /// Bytes of the selected nodes as they are now.
  var selectedBytes: Int {
    let forms = state.withLock { $0.forms }
    return zip(model.nodes, forms).filter(\.0.isSelected).reduce(0) { $0 + $1.1.byteCount }
  }

  /// Whether a layer was replaced.
  var hasReplaced: Bool { state.withLock { !$0.replaced.isEmpty } }

  /// The replaced nodes with their matrices, for the inputs and outputs that they had before, and their forms.
  var replacements: [(node: TinyNode, matrix: Matrix<Double>, form: TinyForm)] {
    let (forms, replaced, scalings) = state.withLock { ($0.forms, $0.replaced, $0.scalings) }
    return replaced.sorted().compactMap { index in
      forms[index].matrix.map { (model.nodes[index], scalings[index]?.undone($0) ?? $0, forms[index]) }
    }
  }
}
