import LinearAlgebra
import ModelIO

/// What is to be generated.
public struct GenerationRequest: Sendable {
  /// Tokens to continue, at least one.
  public var prompt: [Int32]
  /// Most tokens to generate.
  public var maximumTokens: Int
  public var sampling: Sampling
  /// Tokens that end the text and are no part of it.
  public var endTokens: Set<Int32>
  /// Texts that end the text and are no part of it.
  public var stops: [String]

  public init(
    prompt: [Int32], maximumTokens: Int, sampling: Sampling = .greedy, endTokens: Set<Int32> = [],
    stops: [String] = []
  ) {
    self.prompt = prompt
    self.maximumTokens = maximumTokens
    self.sampling = sampling
    self.endTokens = endTokens
    self.stops = stops
  }
}

/// What was generated, and how fast.
public struct GenerationResult: Sendable {
  /// Why it ended. Raw values are those of the JSON document.
  public enum Ending: String, Sendable {
    case length
    case endToken = "end_token"
    case stop
    case interrupted
  }

  /// Without an end token.
  public internal(set) var tokens: [Int32] = []
  public internal(set) var text = ""
  public internal(set) var ending = Ending.length
  /// Seconds from the first prompt token to the logits of the first new one.
  public internal(set) var promptSeconds = 0.0
  /// Passes of one token each after that, and their seconds with choosing and decoding the token.
  public internal(set) var steps = 0
  public internal(set) var stepSeconds = 0.0
}

/// Who watches a generation and may end it.
public struct GenerationObserver {
  /// Receives the text in pieces of whole characters.
  public var text: (String) -> Void
  /// Called once when the sequence passes the positions the model was made for.
  public var passedContext: () -> Void
  /// Asked before every block.
  public var isCancelled: () -> Bool

  public init(
    text: @escaping (String) -> Void = { _ in }, passedContext: @escaping () -> Void = {},
    isCancelled: @escaping () -> Bool = { false }
  ) {
    self.text = text
    self.passedContext = passedContext
    self.isCancelled = isCancelled
  }
}

/// Continues prompts token by token.
public struct TextGenerator: Sendable {
  public let model: StoredModel
  public let tokenizer: Tokenizer
  public let workers: Workers

  public init(model: StoredModel, tokenizer: Tokenizer, workers: Workers) {
    self.model = model
    self.tokenizer = tokenizer
    self.workers = workers
  }

  /// Generates until a limit, an end, a stop or an interruption; the same tokens for any number of threads.
  public func run(
    _ request: GenerationRequest, observer: GenerationObserver = GenerationObserver()
  ) throws(GenerationError) -> GenerationResult {
    let positions = model.configuration.maximumPositions
    guard request.prompt.count <= positions else {
      throw .promptTooLong(tokens: request.prompt.count, positions: positions)
    }
    var run = GenerationRun(self, request, observer)
    do {
      try run.readPrompt()
      while run.result.tokens.count < request.maximumTokens, run.choose() {
        if run.result.tokens.count < request.maximumTokens { try run.step() }
      }
    } catch .cancelled {
      run.result.ending = .interrupted
    }
    run.finish()
    return run.result
  }
}
