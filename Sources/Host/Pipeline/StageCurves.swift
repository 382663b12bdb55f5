import PluginHost

/// The rows of numbers that a strategy reported about its stage, drawn one below the other as a plain SVG file.
///
/// A row whose key is `X_step` is not drawn: it gives the horizontal places of the rows whose keys start with `X_`.
/// All other rows are drawn over 1, 2, ... The same numbers give the same bytes.
struct StageCurves {
  struct Curve: Equatable {
    let key: String
    let points: [(x: Double, y: Double)]

    static func == (a: Curve, b: Curve) -> Bool {
      a.key == b.key && a.points.map(\.x) == b.points.map(\.x) && a.points.map(\.y) == b.points.map(\.y)
    }
  }

  let curves: [Curve]

  /// Rows of at least two finite numbers, in the order given.
  init(_ entries: [(key: String, entry: StageReport.Entry)]) {
    var rows: [(key: String, values: [Double])] = []
    for (key, entry) in entries {
      if case .series(let values) = entry, values.count > 1, values.allSatisfy(\.isFinite) {
        rows.append((key, values))
      }
    }
    let suffix = "_step"
    let places = rows.filter { $0.key.hasSuffix(suffix) }
    curves = rows.compactMap { row in
      guard !row.key.hasSuffix(suffix) else { return nil }
      let own = places.first {
        row.key.hasPrefix($0.key.dropLast(suffix.count - 1)) && $0.values.count == row.values.count
      }
      let xs = own?.values ?? row.values.indices.map { Double($0 + 1) }
      return Curve(key: row.key, points: zip(xs, row.values).map { (x: $0, y: $1) })
    }
  }

  /// The file of a stage; nil where it reported no row.
  static func file(_ stage: StageOutcome) -> (name: String, text: String)? {
    let curves = StageCurves(stage.report.stage)
    guard !curves.curves.isEmpty else { return nil }
    let title = "\(stage.index): \(stage.strategy)"
    return ("curves.\(stage.index).\(stage.strategy).svg", curves.svg(title: title))
  }
}
