import Foundation
import LinearAlgebra
import ModelIO
import Pipeline
import PluginHost

/// `lathe doctor`
enum DoctorCommand: Command {
  static let name = "doctor"
  static let summary = "show what this machine offers: processor, OpenBLAS kernels and their speed, plugins"
  static let options: [Option] = PluginArguments.options + [.threads, .json]

  static func run(_ arguments: Arguments, _ session: Session) throws -> ExitStatus {
    let features = BLASCore.Features.detected
    let search = try PluginArguments.search(arguments)
    let one = BLASCore.measuredGigaflops(size: 2048, workers: .serial)
    let all = BLASCore.measuredGigaflops(size: 2048, workers: session.workers)
    let memory = ProcessInfo.processInfo.physicalMemory
    let refused = search.candidates.filter { $0.library == nil }
    if session.isJSON {
      session.print([
        "version": .string(LatheVersion.current),
        "processor": [
          "avx2": .bool(features.avx2), "avx512": .bool(features.avx512),
          "avx512_bf16": .bool(features.avx512BFloat16), "threads": .integer(session.workers.threads),
        ],
        "memory_bytes": .integer(Int(memory)),
        "openblas": [
          "core": .string(BLASCore.running), "build": .string(BLASCore.build),
          "better_core": BLASCore.recommended.map(JSON.string) ?? .null,
          "sgemm_gflops_one_thread": .number(one), "sgemm_gflops": .number(all),
        ],
        "plugin_folders": .array(PluginSearch.standardFolders(executable: nil).map(JSON.string)),
        "strategies": .array(search.libraries.flatMap(\.strategies).map { .string($0.id) }),
        "refused": .array(refused.map { .string($0.note ?? $0.path) }),
      ])
      return .done
    }
    let vectors = [
      ("AVX2", features.avx2), ("AVX-512", features.avx512), ("AVX-512 bf16", features.avx512BFloat16),
    ]
    var lines = [
      "lathe       \(LatheVersion.current)",
      "processor   \(vectors.filter(\.1).map(\.0).joined(separator: ", "))",
      "threads     \(session.workers.threads)",
      "memory      \(ByteCount.text(Int(memory)))",
      "OpenBLAS    \(BLASCore.build)",
      "kernels     \(BLASCore.running)"
        + (BLASCore.recommended.map { "; \($0) would be faster, but OPENBLAS_CORETYPE is set" } ?? ""),
      "sgemm 2048  \(Decimals.text(one, 0)) GFLOP/s on one thread, \(Decimals.text(all, 0)) on \(session.workers.threads)",
      "plugins     \(search.libraries.flatMap(\.strategies).map(\.id).joined(separator: ", "))",
    ]
    lines += PluginSearch.standardFolders(executable: nil).map { "searched    \($0)" }
    lines += refused.map { "refused     \($0.note ?? $0.path)" }
    session.print(lines.joined(separator: "\n"))
    return .done
  }
}
