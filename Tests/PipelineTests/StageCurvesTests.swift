import PluginHost
import Testing

@testable import Pipeline

@Suite struct StageCurvesTests {
  private static let entries: [(key: String, entry: StageReport.Entry)] = [
    ("best", .metric(3)), ("held_out_loss", .series([3, 2, 1])), ("held_out_step", .series([10, 20, 40])),
    ("loss", .series([0.5, 0.25])), ("short", .series([1])), ("broken", .series([1, .nan])),
  ]

  @Test("rows of two and more finite numbers are drawn, over the steps that go with them")
  func rows() {
    let curves = StageCurves(Self.entries).curves
    #expect(curves.map(\.key) == ["held_out_loss", "loss"])
    #expect(curves[0].points.map(\.x) == [10, 20, 40] && curves[0].points.map(\.y) == [3, 2, 1])
    #expect(curves[1].points.map(\.x) == [1, 2])
    #expect(StageCurves([("best", .metric(1))]).curves.isEmpty)
  }

  @Test("a curve that falls goes down the picture, inside its frame, and equal numbers give equal bytes")
  func picture() throws {
    let svg = StageCurves(Self.entries).svg(title: "0: <a&b>")
    #expect(svg == StageCurves(Self.entries).svg(title: "0: <a&b>"))
    #expect(svg.contains("0: &lt;a&amp;b&gt;") && svg.hasPrefix("<svg ") && svg.hasSuffix("</svg>\n"))
    let line = try #require(svg.split(separator: "\n").first { $0.hasPrefix("<polyline") })
    let points = try #require(line.split(separator: "points=\"").last).prefix { $0 != "\"" }
      .split(separator: " ").map { $0.split(separator: ",").compactMap { Double($0) } }
    #expect(points.count == 3 && points.allSatisfy { $0.count == 2 })
    #expect(points[0][1] < points[1][1] && points[1][1] < points[2][1])
    #expect(points[0][0] < points[1][0] && points[2][0] - points[1][0] > points[1][0] - points[0][0])
  }

  @Test("equal numbers are a level line, and axes are written in full")
  func levels() {
    let svg = StageCurves([("flat", .series([2, 2, 2]))]).svg(title: "")
    #expect(!svg.contains("nan") && !svg.contains("inf"))
    let ends = StageCurves([("x", .series([0.12345, 12345]))]).svg(title: "")
    #expect(ends.contains(">0.1235<") || ends.contains(">0.1234<"))
    #expect(ends.contains(">12350<") || ends.contains(">12340<"))
  }
}
