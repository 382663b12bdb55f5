/// Why a regular expression is refused, in words that complete "the pattern … ".
struct PatternError: Error, Equatable {
  let reason: String
}
