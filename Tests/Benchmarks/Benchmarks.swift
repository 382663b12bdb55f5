import Foundation
import LinearAlgebra
import ModelIO

/// `lathe-benchmarks`: measurements as JSON on standard output, progress on standard error.
@main
enum Benchmarks {
  static func main() {
    ProcessSetup.apply()
    do {
      var words = CommandLine.arguments.dropFirst()
      let command = words.popFirst() ?? ""
      let arguments = try BenchmarkArguments(words)
      let results: JSON
      switch command {
      case "kernels": results = try KernelBenchmark(arguments).run()
      case "block": results = try BlockBenchmark(arguments).run()
      case "training-step": results = try TrainingBenchmark(arguments).run()
      case "memory": results = try MemoryBenchmark(arguments).run()
      default: throw BenchmarkError.usage("unknown benchmark \"\(command)\"")
      }
      let machine: JSON = [
        "blas": .string(BLASCore.build.trimmingCharacters(in: .whitespaces)),
        "kernels": .string(BLASCore.running), "threads": .integer(arguments.workers.threads),
      ]
      print((["benchmark": .string(command), "machine": machine, "results": results] as JSON).text())
    } catch {
      note("\(error)")
      exit(error is BenchmarkError ? 2 : 1)
    }
  }

  /// A line for the person who waits.
  static func note(_ text: String) {
    FileHandle.standardError.write(Data("lathe-benchmarks: \(text)\n".utf8))
  }
}

/// A wrong word on the command line, or a measurement that cannot be made.
enum BenchmarkError: Error, CustomStringConvertible {
  case usage(String)
  case impossible(String)

  var description: String {
    switch self {
    case .usage(let problem):
      """
      \(problem)
      usage: lathe-benchmarks kernels [--size N,N,...] [--only NAME,...] [--repetitions N] [--threads N]
             lathe-benchmarks block [--size N,N,...] [--threads N]
             lathe-benchmarks training-step --model DIR [--repetitions N] [--threads N]
             lathe-benchmarks memory [--blocks N] [--size N] [--directory DIR] [--threads N]
      """
    case .impossible(let problem): problem
    }
  }
}
