import Calibration
import Evaluation
import Graph
import ModelIO
import Tensors

/// `lathe eval`
enum EvalCommand: Command {
  static let name = "eval"
  static let summary = "measure a model's perplexity on text, and its distance from a reference model"
  static let discussion = """
    Protocol: the whole text is tokenised once without special tokens and cut into windows of --context tokens that
    do not overlap, the tail dropped; each window predicts its last context - 1 tokens; the result is exp of the mean
    over all of them. With --tokens the windows are given as ids (safetensors, input_ids: [n, T]) and --logits writes
    the logits [n, T, V] in f32.
    """
  static let options: [Option] = [
    .model, .value("text", "FILE", "the text to predict"),
    .value("tokens", "FILE", "token ids instead of text"),
    .value("logits", "OUT", "write logits to this safetensors file, replacing it once complete"),
    .value(
      "context", "N", "tokens in a window (default: 512, or what the model was made for where that is less)"),
    .value("reference", "DIR", "also report mean KL(reference || model) and top-1 agreement"), .threads,
    .json,
  ]

  static func run(_ arguments: Arguments, _ session: Session) throws -> ExitStatus {
    switch (arguments["text"], arguments["tokens"]) {
    case (let text?, nil):
      guard arguments["logits"] == nil else { throw UsageError("--logits goes with --tokens") }
      let checkpoint = try Checkpoint(directory: arguments.required("model"))
      try report(try windows(of: text, checkpoint, arguments, session), checkpoint, arguments, session)
    case (nil, let tokens?):
      let checkpoint = try Checkpoint(directory: arguments.required("model"))
      let sequences = try TokenFile.read(
        tokens, vocabularySize: checkpoint.model.configuration.vocabularySize)
      let length = sequences.first?.count ?? 0
      if let warning = WindowLength.warning(of: length, for: checkpoint.model.configuration) {
        session.log(.warning, "\(tokens): \(warning)")
      }
      if let logits = arguments["logits"] {
        try write(logits, sequences, checkpoint, session)
      } else {
        let windows = try TokenWindows(sequences.flatMap { $0 }, context: length)
        try report(windows, checkpoint, arguments, session)
      }
    default: throw UsageError("give either --text or --tokens")
    }
    return .done
  }

  private static func windows(
    of text: String, _ checkpoint: Checkpoint, _ arguments: Arguments, _ session: Session
  ) throws -> TokenWindows {
    guard let path = checkpoint.tokenizerPath else { throw TextError.noTokenizer(checkpoint.directory) }
    let tokens = try Tokenizer(path: path).encode(try TextFile.read(text))
    let vocabulary = checkpoint.model.configuration.vocabularySize
    if let worst = tokens.max(), worst >= vocabulary {
      throw TextError.tokenOutsideVocabulary(Int(worst), vocabulary: vocabulary, tokenizer: path)
    }
    let chosen = WindowLength.chosen(for: checkpoint.model.configuration)
    let context = try arguments.integer("context", 2...1 << 20) ?? chosen
    if let warning = WindowLength.warning(of: context, for: checkpoint.model.configuration) {
      session.log(.warning, "--context: \(warning); leave it out for \(chosen)")
    }
    return try TokenWindows(tokens, context: context)
  }

  private static func report(
    _ windows: TokenWindows, _ checkpoint: Checkpoint, _ arguments: Arguments, _ session: Session
  ) throws {
    let supervision = session.supervision("evaluate")
    var object = JSONObject()
    let perplexity: Perplexity
    if let reference = arguments["reference"] {
      let other = try Checkpoint(directory: reference)
      let divergence = try Divergence.measure(
        checkpoint.model, reference: other.model, on: windows, workers: session.workers,
        supervision: supervision)
      perplexity = divergence.perplexity
      object["reference_perplexity"] = .number(divergence.referencePerplexity.value)
      object["mean_kl"] = .number(divergence.meanDivergence)
      object["top1_agreement"] = .number(divergence.topAgreement)
    } else {
      perplexity = try Perplexity.measure(
        checkpoint.model, on: windows, workers: session.workers, supervision: supervision)
    }
    var all: JSONObject = [
      "perplexity": .number(perplexity.value), "mean_nll": .number(perplexity.meanNegativeLogLikelihood),
      "predicted_tokens": .integer(perplexity.tokens), "windows": .integer(perplexity.windows),
      "context": .integer(windows.context), "dropped_tail_tokens": .integer(perplexity.droppedTail),
    ]
    for (key, value) in object { all[key] = value }
    guard !session.isJSON else { return session.print(.object(all)) }
    session.print("perplexity  \(Decimals.text(perplexity.value, 4))")
    if let value = object["reference_perplexity"]?.doubleValue {
      session.print("reference   \(Decimals.text(value, 4))")
      session.print("mean KL     \(Decimals.short(object["mean_kl"]?.doubleValue ?? 0)) nats per token")
      session.print("top-1       \(Decimals.percent(object["top1_agreement"]?.doubleValue ?? 0)) the same")
    }
    session.print(
      "on          \(perplexity.tokens) predicted tokens in \(perplexity.windows) windows of \(windows.context), "
        + "\(perplexity.droppedTail) tokens at the end left over")
  }

  private static func write(
    _ path: String, _ sequences: [[Int32]], _ checkpoint: Checkpoint, _ session: Session
  ) throws {
    let logits = try Logits.tensor(
      checkpoint.model, sequences: sequences, workers: session.workers,
      supervision: session.supervision("logits"))
    _ = try SafetensorsWriter.write(["logits": logits], to: path)
    let shape = logits.shape.map(JSON.integer)
    session.isJSON
      ? session.print(["logits": .string(path), "shape": .array(shape)])
      : session.print("\(path): logits \(logits.shape) in f32")
  }
}

extension Session {
  /// Progress and interruption for an evaluation.
  func supervision(_ activity: String) -> Supervision {
    let sink = display.sink
    return Supervision(
      progress: { fraction in sink.step(activity, Int((fraction * 100).rounded(.down)), of: 100) },
      isCancelled: isCancelled)
  }
}
