import CLathe
import FakeHost
import PluginKit
import Testing

@Suite struct OverrideTests {
  private func host() -> FakeHost {
    FakeHost(
      (0..<2).map { place in
        FakeNode(
          "w\(place)", role: 1, block: 0, group: UInt32(place), weight: .random(3, 8, seed: 2),
          gram: .identity(8))
      })
  }

  @Test("a linear follows its own parameters, in the forecast and in the work")
  func ownParameters() throws {
    let host = host()
    host.parameters = ["bits": "3"]
    host.nodeParameters = [1: ["bits": "8", "group_size": "4", "symmetric": "true"]]
    let plugin = try FakeRun(Bench.module.table, on: host)
    try plugin.forecast(1)
    try plugin.all()
    #expect(host.nodes[0].form[0][0].storage == .quantized(bits: 3, groupSize: 64))
    #expect(host.nodes[1].form[0][0].storage == .quantized(bits: 8, groupSize: 4))
    #expect(host.nodes[1].form[0][0].zeros == nil && host.forecast(1)?[0][0].hasZeros == false)
    #expect(host.forecast(1)?[0][0].storage == host.nodes[1].form[0][0].storage)
  }

  @Test("only linears whose method needs them ask for statistics")
  func requests() throws {
    let host = host()
    host.nodeParameters = [1: ["method": "gptq"]]
    try FakeRun(Bench.module.table, on: host).plan()
    #expect(host.requestedNodes == [1])
  }

  @Test("a host that knows no overrides gives every linear the parameters of the stage")
  func olderHost() throws {
    let host = host()
    host.parameters = ["bits": "5"]
    host.nodeParameters = [1: ["bits": "8"]]
    host.sizes[LATHE_EXT_PARAMS] = UInt32(MemoryLayout<lathe_host_params>.offset(of: \.node_int) ?? 0)
    try FakeRun(Bench.module.table, on: host).all()
    #expect(host.nodes[1].form[0][0].storage == .quantized(bits: 5, groupSize: 64))
  }

  @Test("a linear in no block cannot have what needs statistics")
  func outsideTheBlocks() throws {
    var node = FakeNode(
      "head", role: 8, block: -1, group: 0, weight: .random(3, 8, seed: 2), gram: .identity(8))
    node.isSelected = true
    for parameters in [["method": "gptq"], ["residual_rank": "2"], ["method": "awq"]] {
      let host = FakeHost([node])
      host.parameters = parameters
      let refusal = #expect(throws: Refusal.self) { try FakeRun(Bench.module.table, on: host).plan() }
      #expect(refusal?.message.contains("head, which is in no block") == true)
    }
  }
}
