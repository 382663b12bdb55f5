import Testing

extension CommandBench {
  /// Runs `lathe compress` and expects a refusal that holds all `parts`.
  func expectRefusal(
    _ parts: String...,
    arguments: String = "compress --model model --recipe r.json5 --output out",
    environment: [String: String] = [:], leftovers: [String] = [], location: SourceLocation = #_sourceLocation
  ) throws {
    let run = try lathe(arguments, environment: environment)
    #expect(run.status == 1, "\(run.errors)", sourceLocation: location)
    #expect(
      run.complaints.count == 1 && run.errors.hasSuffix("\n"), "\(run.errors)", sourceLocation: location)
    let sentence = run.errors.split(separator: "\n").last.map(String.init) ?? ""
    for part in parts { #expect(sentence.contains(part), "\(sentence)", sourceLocation: location) }
    #expect(
      sentence.hasPrefix("lathe: ") && !sentence.hasSuffix("."), "\(sentence)", sourceLocation: location)
    // No name of a Swift type or case and no code dump reaches a person.
    for noise in ["Error(", "Optional(", "NSCocoa", "Fatal", "Swift."] {
      #expect(!sentence.contains(noise), "\(sentence)", sourceLocation: location)
    }
    #expect(run.output.isEmpty, sourceLocation: location)
    #expect(self.leftovers == leftovers, sourceLocation: location)
  }
}
