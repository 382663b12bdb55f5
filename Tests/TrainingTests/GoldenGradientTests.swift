import Calibration
import Foundation
import Graph
import LinearAlgebra
import ModelIO
import Runtime
import Tensors
import TestSupport
import Testing

@testable import Training

/// Losses and gradients that transformers computed.
@Suite struct GoldenGradientTests {
  static let folders: [String] = {
    let root = Shared.root.appending(path: "golden").path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    return names.sorted().map { "\(root)/\($0)" }
      .filter { FileManager.default.fileExists(atPath: $0 + "/golden.safetensors") }
  }()

  @Test(
    "loss and gradients are those of the reference implementation", .enabled(if: !folders.isEmpty),
    arguments: folders)
  func gradients(folder: String) throws {
    let golden = try SafetensorsFile(path: folder + "/golden.safetensors")
    let model = try Checkpoint(directory: folder).model
    let ids = try golden.tensor(named: "input_ids")
    let length = ids.shape[1]
    let tokens = ids.withBytes { bytes in
      (0..<ids.elementCount).map {
        Int32(clamping: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Int64.self))
      }
    }
    let sequences = (0..<ids.shape[0]).map { Array(tokens[$0 * length..<($0 + 1) * length]) }
    let session = try TrainingBench(model, sequences: sequences).session()
    var checked = 0
    for node in model.nodes {
      guard let expected = try? golden.tensor(named: "grad.\(node.name).weight") else { continue }
      let target = FactorTarget(node: node.index, place: FactorPlace(term: 0, factor: 0))
      let request = LossRequest(batches: Array(sequences.indices), nextTokenWeight: 1)
      let (value, gradients) = try session.loss(request, gradients: [target])
      let loss = Double(try golden.tensor(named: "loss").floats()[0])
      #expect(abs(value.nextToken - loss) < 1e-5)
      let error = TrainingBench.relativeError(gradients[0].elements, try expected.floats())
      #expect(error < 1e-5, "\(node.name)")
      checked += 1
    }
    #expect(checked == 3)
  }
}
