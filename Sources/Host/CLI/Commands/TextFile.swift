import Calibration
import Foundation
import ModelIO
import Tensors

/// Text for evaluation and tokenisation.
enum TextFile {
  static func read(_ path: String) throws -> String {
    let data: Data
    do {
      data = try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
    } catch {
      throw TextError.unreadable(path, SystemReason.text(of: error))
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw TextError.unreadable(path, "it is not valid UTF-8; convert it first")
    }
    return text
  }
}

/// Token ids from a safetensors file: `input_ids: [n, T]` of integers.
enum TokenFile {
  static func read(_ path: String, vocabularySize: Int) throws -> [[Int32]] {
    let file = try SafetensorsFile(path: path)
    guard let tensor = file["input_ids"], tensor.shape.count == 2 else {
      throw TextError.unreadable(path, "it holds no tensor input_ids of shape [n, T]")
    }
    let ids: [Int]
    switch tensor.elementType {
    case .i64:
      ids = tensor.withBytes { bytes in
        (0..<tensor.elementCount).map { Int(bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Int64.self)) }
      }
    case .i32:
      ids = tensor.withBytes { bytes in
        (0..<tensor.elementCount).map { Int(bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self)) }
      }
    default: throw TextError.unreadable(path, "input_ids is \(tensor.elementType.rawValue), not I64 or I32")
    }
    if let bad = ids.first(where: { $0 < 0 || $0 >= vocabularySize }) {
      throw TextError.tokenOutsideVocabulary(bad, vocabulary: vocabularySize, tokenizer: path)
    }
    let length = tensor.shape[1]
    return (0..<tensor.shape[0]).map { row in
      let own = ids[row * length..<(row + 1) * length]
      return own.map { Int32($0) }
    }
  }
}

/// What is wrong with text or tokens the user gave.
enum TextError: Error, CustomStringConvertible {
  case unreadable(String, String)
  case noTokenizer(String)
  case tokenOutsideVocabulary(Int, vocabulary: Int, tokenizer: String)

  var description: String {
    switch self {
    case .unreadable(let path, let reason): "cannot use \(path): \(reason)"
    case .noTokenizer(let directory):
      "\(directory) has no tokenizer.json; use --tokens, or add the model's own"
    case .tokenOutsideVocabulary(let token, let vocabulary, let tokenizer):
      "\(tokenizer) gives token \(token), but the model's vocabulary has \(vocabulary) entries; use what belongs "
        + "to the model"
    }
  }
}
