import ModelIO

/// One text on its way.
struct GenerationRun {
  private let request: GenerationRequest
  private let observer: GenerationObserver
  private var sequence: Continuation
  private var stream: TextStream
  private var scanner: StopScanner
  private var logits: [Float] = []
  private var clock = ContinuousClock.now
  private var hasPassedContext = false
  var result = GenerationResult()

  init(_ generator: TextGenerator, _ request: GenerationRequest, _ observer: GenerationObserver) {
    self.request = request
    self.observer = observer
    let (longest, isHuge) = request.prompt.count.addingReportingOverflow(max(request.maximumTokens, 0))
    sequence = Continuation(
      model: generator.model, longest: isHuge ? .max : longest, workers: generator.workers)
    stream = TextStream(generator.tokenizer, after: request.prompt)
    scanner = StopScanner(request.stops)
  }

  mutating func readPrompt() throws(GenerationError) {
    clock = ContinuousClock.now
    logits = try sequence.extend(request.prompt, isCancelled: observer.isCancelled)
    result.promptSeconds = lap()
  }

  /// Chooses the next token and gives its text out; false when it ends the text.
  mutating func choose() -> Bool {
    let token = request.sampling.token(from: logits, step: result.tokens.count)
    guard !request.endTokens.contains(token) else {
      result.ending = .endToken
      return false
    }
    result.tokens.append(token)
    warnOnce()
    give(scanner.add(stream.add(token)))
    guard !scanner.isFound else {
      result.ending = .stop
      return false
    }
    return true
  }

  /// The logits after the token that was chosen last.
  mutating func step() throws(GenerationError) {
    guard let token = result.tokens.last else { return }
    logits = try sequence.extend([token], isCancelled: observer.isCancelled)
    result.steps += 1
    result.stepSeconds += lap()
  }

  mutating func finish() {
    give(scanner.add(stream.rest()))
    give(scanner.rest())
  }

  private mutating func warnOnce() {
    let count = request.prompt.count + result.tokens.count
    guard count > sequence.model.configuration.maximumPositions, !hasPassedContext else { return }
    hasPassedContext = true
    observer.passedContext()
  }

  private mutating func give(_ text: String) {
    guard !text.isEmpty else { return }
    result.text += text
    observer.text(text)
  }

  private mutating func lap() -> Double {
    let now = ContinuousClock.now
    defer { clock = now }
    let (seconds, attoseconds) = (now - clock).components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}
