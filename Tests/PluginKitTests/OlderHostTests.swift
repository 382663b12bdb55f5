import CLathe
import FakeHost
import PluginKit
import Testing

/// What happens on a host that is older, smaller or poorer than the plugin expects: a sentence, never a crash.
@Suite struct OlderHostTests {
  private func refusal(_ strategy: Int, _ change: (FakeHost) -> Void, run: Bool = true) -> Refusal? {
    let host = PluginKitTests.model()
    change(host)
    host.parameters["text"] = "x"
    do {
      let instance = try FakeRun(PluginKitTests.module.table, strategy: strategy, on: host)
      if run { try instance.all() }
      return nil
    } catch {
      return error as? Refusal
    }
  }

  @Test(
    "a missing required extension is named at create",
    arguments: ["lathe.params/1", "lathe.graph/1", "lathe.budget/1", "lathe.calibration/1", "lathe.linalg/1"])
  func aMissingExtensionIsNamed(id: String) {
    let refused = refusal(1, { $0.missing = [id] }, run: false)
    #expect(refused?.code == Int32(LATHE_ERR_UNSUPPORTED))
    #expect(refused?.message.contains(id) == true)
  }

  @Test("a missing optional extension changes nothing but what it gives")
  func aMissingOptionalExtensionIsHarmless() {
    #expect(refusal(1, { $0.missing = ["lathe.parallel/1", "lathe.report/1"] }) == nil)
  }

  @Test("a graph table that ends early gives a sentence at every length")
  func aShortGraphTableGivesASentence() {
    // What `Halve` needs; the functions behind it are newer.
    let whole = UInt32(MemoryLayout<lathe_host_graph>.offset(of: \.scale_classes) ?? 0)
    for size in stride(from: UInt32(8), to: whole, by: 8) {
      let refused = refusal(0, { $0.sizes["lathe.graph/1"] = size })
      #expect(refused?.code == Int32(LATHE_ERR_UNSUPPORTED), "\(size) bytes")
      #expect(refused?.message.contains("lathe.graph/1") == true, "\(size) bytes")
    }
    #expect(refusal(0, { $0.sizes["lathe.graph/1"] = whole + 64 }) == nil)
  }

  @Test("a host table that ends early is enough exactly from the functions in use on")
  func aShortHostTableNeverCrashes() {
    // `Halve` needs get_extension, the field that ends at byte 48; `Failing` needs no more.
    for size in stride(from: UInt32(8), through: UInt32(MemoryLayout<lathe_host>.size), by: 8) {
      #expect((refusal(0, { $0.sizes["lathe_host"] = size }) == nil) == (size >= 48), "\(size) bytes")
      let failing = refusal(2, { $0.sizes["lathe_host"] = size })
      #expect(failing?.code == Int32(size >= 48 ? LATHE_ERR_NUMERICAL : LATHE_ERR_UNSUPPORTED))
    }
  }

  @Test("another major version is refused")
  func anotherMajorVersionIsRefused() {
    let refused = refusal(0, { $0.major = 2 }, run: false)
    #expect(refused?.code == Int32(LATHE_ERR_UNSUPPORTED))
    #expect(refused?.message.contains("ABI") == true)
  }
}
