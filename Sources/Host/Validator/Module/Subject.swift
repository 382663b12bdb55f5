/// What a strategy is put to the test on: layers that it replaces. One that leaves dense layers alone would pass most
/// cases without having done anything.
public struct Subject: Sendable, Equatable {
  /// How the layers of the tiny models are stored.
  var form = TinyModel.Form.dense
  /// The share of their bytes that stays, where a case does not say another.
  var keep = Subject.usualKeep

  static let usualKeep = 0.8

  init(form: TinyModel.Form = .dense, keep: Double = Subject.usualKeep) {
    (self.form, self.keep) = (form, keep)
  }

  /// The form in a word: dense, factored, quantized or codebook.
  public var layers: String { form.rawValue }

  /// As one process tells another.
  var text: String { "\(form.rawValue):\(keep)" }

  init?(text: Substring) {
    let parts = text.split(separator: ":")
    guard parts.count == 2, let form = TinyModel.Form(rawValue: String(parts[0])), let keep = Double(parts[1])
    else { return nil }
    self.init(form: form, keep: keep)
  }
}

extension StrategyBench {
  /// The first form, and the first budget, under which the strategy replaces a layer of the plain model: dense ones
  /// before others. Nil where there is none, and where a run ends with an error that is no refusal: that is for the
  /// cases to tell.
  func findSubject() -> Subject? {
    for form in TinyModel.Form.allCases {
      for keep in strategy.takesBudget ? [Subject.usualKeep, 0.4] : [Subject.usualKeep] {
        let subject = Subject(form: form, keep: keep)
        let host = StrategyBench(strategy: strategy, file: file, subject: subject).host(.plain, HostOptions())
        if let fault = attempt(host) {
          guard ParameterCases.isRefusal(fault) else { return nil }
        } else if host.hasReplaced {
          return subject
        }
      }
    }
    return nil
  }
}
