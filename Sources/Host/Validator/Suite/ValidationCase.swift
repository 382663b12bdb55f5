/// One rule of lathe.h and how it is put to the test.
public struct ValidationCase: Sendable {
  /// The groups, in the order in which they are shown.
  public enum Group: String, Sendable, CaseIterable {
    case binary
    case module
    case descriptor
    case parameters
    case lifecycle
    case graph
    case memory
    case numerics
    case statistics
    case determinism
    case cancel
    case threads
    case floatingPoint = "floating-point"
  }

  /// What a case looks at.
  enum Subject: Sendable {
    /// The file, before it is loaded.
    case file(@Sendable (FileBench) throws(CaseFault) -> Void)
    /// The loaded module.
    case module(@Sendable (ModuleUnderTest, FileBench) throws(CaseFault) -> Void)
    /// Each strategy of the module by itself.
    case strategy(@Sendable (StrategyBench) throws(CaseFault) -> Void)
  }

  /// In words with hyphens; never renamed.
  public let name: String
  public let group: Group
  /// The rule, as a sentence about plugins that keep it.
  public let rule: String
  /// What an author does about a failure.
  public let remedy: String
  /// Whether breaking the rule is a warning: good practice that the header does not demand.
  public let isAdvice: Bool
  let subject: Subject

  init(
    _ group: Group, _ name: String, _ rule: String, fix remedy: String, isAdvice: Bool = false,
    _ subject: Subject
  ) {
    self.name = name
    self.group = group
    self.rule = rule
    self.remedy = remedy
    self.isAdvice = isAdvice
    self.subject = subject
  }
}

extension ValidationCase {
  /// Every case, by group.
  public static let all: [ValidationCase] =
    BinaryCases.all + ModuleCases.all + DescriptorCases.all + ParameterCases.all + LifecycleCases.all
    + FailureCases.all + ForecastCases.all + GraphCases.all + MemoryCases.all + NumericsCases.all
    + ModelCases.all + StatisticsCases.all + DeterminismCases.all + CancelCases.all + ThreadCases.all
    + FloatingPointCases.all

  /// The case called `name`.
  public static func named(_ name: String) -> ValidationCase? { all.first { $0.name == name } }
}
