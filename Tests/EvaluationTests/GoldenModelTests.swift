import Evaluation
import Foundation
import LinearAlgebra
import ModelIO
import Tensors
import TestSupport
import Testing

/// Models whose logits another implementation computed: those beside the checkout, and those that
/// `Tests/Golden/make_models.py` writes to `Tests/Golden/models` or to `$LATHE_GOLDEN_MODELS`.
@Suite struct GoldenModelTests {
  static let given = folders(in: Shared.root.appending(path: "golden"))
  static let made = folders(
    in: ProcessInfo.processInfo.environment["LATHE_GOLDEN_MODELS"].map { URL(filePath: $0) }
      ?? Shared.packageRoot.appending(path: "Tests/Golden/models"))

  static func folders(in root: URL) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
    return names.sorted().map { root.appending(path: $0).path }
      .filter { FileManager.default.fileExists(atPath: $0 + "/golden.safetensors") }
  }

  /// The largest difference of any logit.
  static func distance(_ folder: String) throws -> Float {
    let golden = try SafetensorsFile(path: folder + "/golden.safetensors")
    let ids = try golden.tensor(named: "input_ids")
    let expected = try golden.tensor(named: "logits")
    let tokens = ids.withBytes { bytes in
      (0..<ids.elementCount).map {
        Int32(clamping: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Int64.self))
      }
    }
    let length = ids.shape[1]
    let sequences = (0..<ids.shape[0]).map { Array(tokens[$0 * length..<($0 + 1) * length]) }
    let model = try Checkpoint(directory: folder).model
    let found = try Logits.tensor(model, sequences: sequences, workers: Workers(threads: 2))
    guard found.shape == expected.shape else { return .infinity }
    return zip(try found.floats(), try expected.floats()).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  @Test(
    "logits are those of the reference implementation", .enabled(if: !given.isEmpty), arguments: given)
  func givenModels(folder: String) throws {
    #expect(try Self.distance(folder) < 1e-4)
  }

  @Test("logits are those of transformers for every option", .enabled(if: !made.isEmpty), arguments: made)
  func madeModels(folder: String) throws {
    #expect(try Self.distance(folder) < 1e-4)
  }
}
