import CLathe
import FakeHost
import PluginKit
import Testing

@Suite struct CorrectionTests {
  @Test(
    "a correction of higher rank leaves less of the error, and one of full rank none",
    arguments: ["rtn", "gptq", "nf4"], [false, true])
  func ranks(method: String, isTall: Bool) throws {
    let bench = Bench(rows: isTall ? 18 : 7, columns: 11)
    var last = Double.infinity
    for rank in [0, 1, 3, 6, 100] {
      let (form, host) = try bench.run([
        "method": method, "bits": method == "nf4" ? "4" : "2", "group_size": "4", "residual_rank": "\(rank)",
      ])
      #expect(form.count == (rank == 0 ? 1 : 2))
      let error = bench.error(form)
      #expect(error < last)
      last = error
      guard rank > 0 else { continue }
      #expect(form[1][0].rows == min(rank, isTall ? 11 : 7))
      let reported = try #require(host.metric(0, "weighted_error"))
      #expect(abs(reported - error) <= 1e-5 * Bench.norm(bench.weight, bench.gram))
      let before = try #require(host.metric(0, "uncorrected_error"))
      let after = try #require(host.metric(0, "relative_error"))
      #expect(after < before)
    }
    #expect(last <= 1e-5 * Bench.norm(bench.weight, bench.gram))
  }

  @Test("no other correction of that rank is better")
  func optimal() throws {
    let bench = Bench(rows: 8, columns: 10)
    let form = try bench.run(["bits": "2", "residual_rank": "3"]).form
    let error = bench.weight - form[0][0].matrix
    let root = try #require(bench.gram.cholesky())
    let tail = (error * root).singularValues().s.dropFirst(3).reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect(abs(bench.error(form) - tail) <= 1e-4 * tail)
  }

  @Test("the forecast has the correction, at its rank")
  func forecast() throws {
    for parameters in [
      ["method": "gptq", "residual_rank": "3"], ["residual_rank": "100", "bits": "2"], ["method": "nf4"],
      ["method": "nf4", "residual_rank": "2", "group_size": "0"],
    ] {
      let bench = Bench(rows: 6, columns: 9)
      let host = bench.host()
      host.parameters = parameters
      let plugin = try FakeRun(Bench.module.table, on: host)
      try plugin.forecast(0)
      try plugin.all()
      let forecast = try #require(host.forecast(0))
      let found = host.nodes[0].form
      #expect(forecast.map(\.count) == found.map(\.count))
      for (expected, found) in zip(forecast.joined(), found.joined()) {
        #expect(expected.storage == found.storage && expected.rows == found.rows)
        #expect(expected.columns == found.columns && expected.hasZeros == found.hasZeros)
      }
    }
  }
}
