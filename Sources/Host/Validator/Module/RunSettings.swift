/// What cases run with besides the library.
public struct RunSettings: Sendable {
  /// What tiny models and fuzzed parameters are drawn from.
  public var seed: UInt64
  /// Texts of parameters in place of their defaults, by key.
  public var given: [String: String]
  /// What each strategy is put to the test on, by id; dense layers where it is not here.
  public internal(set) var subjects: [String: Subject] = [:]

  /// `subjects` are texts as `words` has them.
  public init(seed: UInt64 = 1, given: [String: String] = [:], subjects: [String] = []) {
    self.seed = seed
    self.given = given
    for text in subjects {
      guard let sign = text.lastIndex(of: "="), let subject = Subject(text: text[sign...].dropFirst())
      else { continue }
      self.subjects[String(text[..<sign])] = subject
    }
  }

  /// The options that tell a child all this.
  var words: [String] {
    ["--seed", "\(seed)"]
      + given.sorted { $0.key < $1.key }.flatMap { ["--set", "\($0.key)=\($0.value)"] }
      + subjects.sorted { $0.key < $1.key }.flatMap { ["--subject", "\($0.key)=\($0.value.text)"] }
  }
}
