import Evaluation
import Generation
import ModelIO
import Runtime

/// `lathe generate`
enum GenerateCommand: Command {
  static let name = "generate"
  static let summary = "continue a text with a model, as it is stored"
  static let discussion = """
    The likeliest token is taken at every step, or one is drawn with --temperature; the same seed gives the same text
    with any number of threads. The text ends at the model's end token (eos_token_id of config.json and of
    generation_config.json), before --stop, or after --max-tokens. Only the continuation is printed, as it comes; rates
    go to standard error, or with --json everything into one document at the end.

    The prompt is tokenised as it is, with the special tokens that the tokenizer puts around a text. No chat template
    is applied: for a model tuned on chats, write its markers into the prompt yourself.

    No weight is expanded: 16-bit weights, factors and packed codes are multiplied as they lie in the files.
    """
  static func interruption(_ arguments: Arguments) -> String { "interrupted" }
  static let options: [Option] = [
    .model, .value("prompt", "TEXT", "the text to continue"),
    .value("prompt-file", "FILE", "the text to continue, as it stands in a file"),
    .value("max-tokens", "N", "most tokens to generate (default: 128)"),
    .value("temperature", "T", "draw from softmax(logits / T); 0 takes the likeliest (default: 0)"),
    .value("top-k", "K", "draw among the K likeliest tokens"),
    .value("top-p", "P", "draw among the likeliest tokens that together hold the share P"),
    .value("seed", "N", "the seed of what is drawn (default: 0)"),
    .value("stop", "TEXT", "end before this text", repeatable: true), .threads, .json,
  ]

  static func run(_ arguments: Arguments, _ session: Session) throws -> ExitStatus {
    let sampling = try sampling(arguments)
    let limit = try arguments.integer("max-tokens", 1...1 << 20) ?? 128
    let text = try prompt(arguments)
    let checkpoint = try Checkpoint(directory: arguments.required("model"))
    guard let path = checkpoint.tokenizerPath else { throw GenerationInput.noTokenizer(checkpoint.directory) }
    let tokenizer = try Tokenizer(path: path)
    let tokens = tokenizer.encode(text, addSpecialTokens: true)
    let vocabulary = checkpoint.model.configuration.vocabularySize
    if let worst = tokens.max(), worst >= vocabulary {
      throw TextError.tokenOutsideVocabulary(Int(worst), vocabulary: vocabulary, tokenizer: path)
    }
    let generator = TextGenerator(
      model: try StoredModel(checkpoint.model), tokenizer: tokenizer, workers: session.workers)
    let request = GenerationRequest(
      prompt: tokens, maximumTokens: limit, sampling: sampling, endTokens: try EndTokens.read(checkpoint),
      stops: arguments.all("stop"))
    let positions = checkpoint.model.configuration.maximumPositions
    let observer = GenerationObserver(
      text: { if !session.isJSON { session.write($0) } },
      passedContext: {
        session.note("warning: the text is now longer than the \(positions) positions the model was made for")
      }, isCancelled: session.isCancelled)
    let result = try generator.run(request, observer: observer)
    report(result, request, session)
    return result.ending == .interrupted ? .interrupted : .done
  }

  private static func prompt(_ arguments: Arguments) throws -> String {
    let text: String
    switch (arguments["prompt"], arguments["prompt-file"]) {
    case (let given?, nil): text = given
    case (nil, let path?): text = try TextFile.read(path)
    default: throw UsageError("give either --prompt or --prompt-file")
    }
    guard !text.isEmpty else { throw GenerationError.noTokens }
    return text
  }

  private static func sampling(_ arguments: Arguments) throws(UsageError) -> Sampling {
    let temperature = try arguments.number("temperature", 0...100) ?? 0
    for name in ["top-k", "top-p", "seed"] where arguments.has(name) && temperature == 0 {
      throw UsageError("--\(name) goes with a --temperature above 0")
    }
    return Sampling(
      temperature: temperature, topK: try arguments.integer("top-k", 1...Int(Int32.max)),
      topP: try arguments.number("top-p", 0...1),
      seed: UInt64(try arguments.integer("seed", 0...Int.max) ?? 0))
  }

  private static func report(_ result: GenerationResult, _ request: GenerationRequest, _ session: Session) {
    func rate(_ tokens: Int, _ seconds: Double) -> Double { seconds > 0 ? Double(tokens) / seconds : 0 }
    let promptRate = rate(request.prompt.count, result.promptSeconds)
    let stepRate = rate(result.steps, result.stepSeconds)
    guard !session.isJSON else {
      session.print([
        "text": .string(result.text), "tokens": .array(result.tokens.map { .integer(Int($0)) }),
        "ending": .string(result.ending.rawValue),
        "prompt": [
          "tokens": .integer(request.prompt.count), "seconds": .number(result.promptSeconds),
          "tokens_per_second": .number(promptRate),
        ],
        "generation": [
          "tokens": .integer(result.tokens.count), "steps": .integer(result.steps),
          "seconds": .number(result.stepSeconds), "tokens_per_second": .number(stepRate),
        ],
      ])
      return
    }
    if result.text.utf8.last != UInt8(ascii: "\n") { session.write("\n") }
    session.note(
      "prompt      \(request.prompt.count) tokens, \(Decimals.text(promptRate, 1)) tokens/s\n"
        + "generation  \(result.tokens.count) tokens, \(Decimals.text(stepRate, 1)) tokens/s, ended by "
        + words(result.ending))
  }

  private static func words(_ ending: GenerationResult.Ending) -> String {
    switch ending {
    case .length: "--max-tokens"
    case .endToken: "the model's end token"
    case .stop: "--stop"
    case .interrupted: "an interruption"
    }
  }
}

/// What generation misses besides what the modules report.
enum GenerationInput: Error, CustomStringConvertible {
  case noTokenizer(String)

  var description: String {
    switch self {
    case .noTokenizer(let directory): "\(directory) has no tokenizer.json; add the model's own"
    }
  }
}
