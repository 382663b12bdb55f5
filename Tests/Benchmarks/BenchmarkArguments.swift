import Foundation
import LinearAlgebra

/// The options of all benchmarks.
struct BenchmarkArguments {
  var sizes = [1024]
  var only: Set<String> = []
  var repetitions = 3
  var blocks = 24
  var model: String?
  var directory = FileManager.default.temporaryDirectory.path
  var workers = Workers(threads: ProcessInfo.processInfo.activeProcessorCount)

  init(_ words: ArraySlice<String>) throws(BenchmarkError) {
    var words = words
    while let option = words.popFirst() {
      guard let value = words.popFirst() else { throw .usage("\(option) needs a value") }
      switch option {
      case "--size": sizes = try Self.numbers(option, value)
      case "--only": only = Set(value.split(separator: ",").map(String.init))
      case "--repetitions": repetitions = try Self.numbers(option, value)[0]
      case "--blocks": blocks = try Self.numbers(option, value)[0]
      case "--directory": directory = value
      case "--model": model = value
      case "--threads": workers = Workers(threads: try Self.numbers(option, value)[0])
      default: throw .usage("unknown option \(option)")
      }
    }
  }

  private static func numbers(_ option: String, _ value: String) throws(BenchmarkError) -> [Int] {
    let numbers = value.split(separator: ",").compactMap { Int($0) }
    guard !numbers.isEmpty, numbers.count == value.split(separator: ",").count, numbers.allSatisfy({ $0 > 0 })
    else { throw .usage("\(option) needs positive whole numbers, not \(value)") }
    return numbers
  }
}
