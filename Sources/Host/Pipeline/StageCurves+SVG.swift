extension StageCurves {
  private static let (width, height, left, top, gap) = (640.0, 160.0, 80.0, 40.0, 60.0)

  /// All curves below one another, with their ranges written at the axes.
  func svg(title: String) -> String {
    let whole = Self.top + Double(curves.count) * (Self.height + Self.gap)
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Self.text(Self.left + Self.width + 20)) \(Self.text(whole))\" "
        + "font-family=\"sans-serif\" font-size=\"12\">",
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
      "<text x=\"\(Self.text(Self.left))\" y=\"18\" font-size=\"14\">\(Self.escaped(title))</text>",
    ]
    for (index, curve) in curves.enumerated() {
      lines += Self.panel(curve, top: Self.top + Double(index) * (Self.height + Self.gap))
    }
    return (lines + ["</svg>", ""]).joined(separator: "\n")
  }

  private static func panel(_ curve: Curve, top: Double) -> [String] {
    let xs = range(curve.points.map(\.x))
    let ys = range(curve.points.map(\.y))
    let points = curve.points.map { point in
      let x = left + width * (point.x - xs.low) / (xs.high - xs.low)
      let y = top + height * (1 - (point.y - ys.low) / (ys.high - ys.low))
      return "\(text(x)),\(text(y))"
    }
    func label(_ x: Double, _ y: Double, _ anchor: String, _ content: String) -> String {
      "<text x=\"\(text(x))\" y=\"\(text(y))\" text-anchor=\"\(anchor)\">\(escaped(content))</text>"
    }
    return [
      label(left, top - 6, "start", curve.key),
      "<rect x=\"\(text(left))\" y=\"\(text(top))\" width=\"\(text(width))\" height=\"\(text(height))\" fill=\"none\" stroke=\"#999\"/>",
      "<polyline fill=\"none\" stroke=\"#06c\" stroke-width=\"1.5\" points=\"\(points.joined(separator: " "))\"/>",
      label(left - 6, top + 10, "end", number(ys.high)),
      label(left - 6, top + height, "end", number(ys.low)),
      label(left, top + height + 16, "start", number(xs.low)),
      label(left + width, top + height + 16, "end", number(xs.high)),
    ]
  }

  /// From the smallest to the largest, never empty.
  private static func range(_ values: [Double]) -> (low: Double, high: Double) {
    let (low, high) = (values.min() ?? 0, values.max() ?? 1)
    return high > low ? (low, high) : (low - 0.5, high + 0.5)
  }

  /// A place in the picture, to a hundredth.
  private static func text(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }

  /// A number at an axis, to four digits.
  private static func number(_ value: Double) -> String {
    guard value != 0 else { return "0" }
    var unit = 1.0
    while abs(value) / unit >= 10_000 { unit *= 10 }
    while abs(value) / unit < 1000, unit > 1e-12 { unit /= 10 }
    let rounded = (value / unit).rounded() * unit
    let shown = unit < 1 ? (rounded / unit).rounded() / (1 / unit).rounded() : rounded
    return shown == shown.rounded() && abs(shown) < 1e15 ? "\(Int(shown))" : "\(shown)"
  }

  private static func escaped(_ text: String) -> String {
    text.map { character in
      switch character {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      default: String(character)
      }
    }.joined()
  }
}
