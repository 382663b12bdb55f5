import Graph
import LinearAlgebra
import Runtime
import Tensors

/// The inputs of some sites for a chunk of windows, `[windows * T, in]` each.
///
/// Windows are run at the same time; each writes only its own rows.
struct SiteInputs: @unchecked Sendable {
  private let storages: [InputSite: (storage: Storage, width: Int)]
  private let rowsPerWindow: Int
  private let windowCount: Int

  init(sites: Set<InputSite>, configuration: DecoderConfiguration, windows: Int, rows: Int) {
    var storages: [InputSite: (storage: Storage, width: Int)] = [:]
    for site in sites {
      let width = Self.width(of: site, configuration)
      storages[site] = (Storage(byteCount: windows * rows * width * MemoryLayout<Float>.size), width)
    }
    self.storages = storages
    rowsPerWindow = rows
    windowCount = windows
  }

  /// The site that a block comes to last.
  var last: InputSite? { storages.keys.max { $0.rawValue < $1.rawValue } }

  /// A hook that files what it is given under `window`. One hook serves one forward pass.
  func capture(window: Int) -> PreparedBlock.Capture {
    var filled: [InputSite: Int] = [:]
    return { site, rows in
      guard let (storage, width) = storages[site] else { return }
      let start = filled[site, default: 0]
      let base = storage.base.assumingMemoryBound(to: Float.self)
      let target = base + (window * rowsPerWindow + start) * width
      MutableMatrixView(target, rows: rows.rows, columns: width).copy(from: rows)
      filled[site] = start + rows.rows
    }
  }

  /// All rows of `site` that the first `windows` windows wrote.
  func rows(of site: InputSite, windows: Int) -> MatrixView<Float>? {
    guard let (storage, width) = storages[site] else { return nil }
    let base = UnsafePointer(storage.base.assumingMemoryBound(to: Float.self))
    return MatrixView(base, rows: windows * rowsPerWindow, columns: width)
  }

  static func width(of site: InputSite, _ configuration: DecoderConfiguration) -> Int {
    switch site {
    case .attention, .mlp, .head: configuration.hiddenSize
    case .attentionOutput: configuration.headCount * configuration.headDimension
    case .down: configuration.intermediateSize
    }
  }

  /// Bytes per row of all `sites`.
  static func rowBytes(_ sites: Set<InputSite>, _ configuration: DecoderConfiguration) -> Int {
    sites.reduce(0) { $0 + width(of: $1, configuration) * MemoryLayout<Float>.size }
  }
}
