import LinearAlgebra
import ModelIO
import Tensors

/// The operations that compression spends its time in, on square matrices.
///
/// Rates use nominal counts: 2 n^3 for products, tokens n^2 for a Gram matrix (half of a product, being symmetric),
/// 9 n^3 for eigenvectors and 21 n^3 for singular vectors (Golub and Van Loan). Rates are per second of processor
/// time, so that they hold on a machine that others use too, and each is also given as a share of the fastest sgemm
/// of the same run.
struct KernelBenchmark {
  private let arguments: BenchmarkArguments
  private let workers: Workers

  /// Rows of the Gram benchmark.
  private static let tokens = 12288
  /// A decomposition expected to take longer than this is left out.
  private static let longest = 120.0

  init(_ arguments: BenchmarkArguments) {
    self.arguments = arguments
    workers = arguments.workers
  }

  private struct Kernel {
    let name: String
    /// Nominal operations by size.
    let operations: (Double) -> Double
    /// What is prepared is not measured.
    let prepare: (Int) -> () throws -> Void
  }

  func run() throws -> JSON {
    let kernels = kernels.filter { arguments.only.isEmpty || arguments.only.contains($0.name) }
    var rows: [(name: String, size: Int, time: Stopwatch.Time?, rate: Double)] = []
    for kernel in kernels {
      var last: (size: Int, seconds: Double)?
      for size in arguments.sizes.sorted() {
        let ratio = last.map { Double(size) / Double($0.size) } ?? 0
        if let last, last.seconds * ratio * ratio * ratio > Self.longest {
          rows.append((kernel.name, size, nil, 0))
          continue
        }
        let time = try Stopwatch.median(of: arguments.repetitions, kernel.prepare(size))
        last = (size, time.wall)
        rows.append((kernel.name, size, time, kernel.operations(Double(size)) / time.processor * 1e-9))
        Benchmarks.note("\(kernel.name) \(size): \(time.wall) s")
      }
    }
    let peak = rows.filter { $0.name == "sgemm" }.map(\.rate).max()
    return .array(
      rows.map { row in
        var json: JSONObject = ["kernel": .string(row.name), "size": .integer(row.size)]
        guard let time = row.time else {
          json["skipped"] = "it would take longer than two minutes"
          return .object(json)
        }
        json["seconds"] = .number(time.wall)
        json["processorSeconds"] = .number(time.processor)
        json["gigaflopsPerCore"] = .number(row.rate)
        if let peak { json["ratioToPeak"] = .number(row.rate / peak) }
        return .object(json)
      })
  }

  private var kernels: [Kernel] {
    let workers = workers
    func product<Scalar: RealScalar>(_ name: String, _ type: Scalar.Type) -> Kernel {
      Kernel(name: name, operations: { 2 * $0 * $0 * $0 }) { size in
        let a = Self.matrix(size, size, Scalar.self)
        var c = a
        return { try gemm(a, a, beta: 0, into: &c, workers: workers) }
      }
    }
    func singular<Scalar: RealScalar>(_ name: String, _ type: Scalar.Type) -> Kernel {
      Kernel(name: name, operations: { 21 * $0 * $0 * $0 }) { size in
        let a = Self.matrix(size, size, Scalar.self)
        return { _ = try svd(a, workers: workers) }
      }
    }
    return [
      product("sgemm", Float.self), product("dgemm", Double.self),
      Kernel(name: "gram", operations: { Double(Self.tokens) * $0 * $0 }) { size in
        let rows = Self.matrix(Self.tokens, size, Float.self)
        var sum = GramAccumulator(dimension: size)
        return { try sum.add(rows: rows, workers: workers) }
      },
      Kernel(name: "cross-gram", operations: { 2 * Double(Self.tokens) * $0 * $0 }) { size in
        let rows = Self.matrix(Self.tokens, size, Float.self)
        var sum = CrossGramAccumulator(dimension: size)
        return { try rows.withView { rows in try sum.add(rows, rows, workers: workers) } }
      },
      Kernel(name: "eigh-f64", operations: { 9 * $0 * $0 * $0 }) { size in
        let a = Self.symmetric(size)
        return { _ = try eigh(a, workers: workers) }
      },
      Kernel(name: "eigh-f64-half", operations: { 9 * $0 * $0 * $0 }) { size in
        let a = Self.symmetric(size)
        return { _ = try eigh(a, largest: size / 2, workers: workers) }
      },
      Kernel(name: "truncated-svd-f64-half", operations: { 21 * $0 * $0 * $0 }) { size in
        let wide = Self.matrix(size, size, Double.self)
        return { _ = try truncatedSVD(wide, rank: size / 2, workers: workers) }
      },
      singular("svd-f32", Float.self), singular("svd-f64", Double.self),
    ]
  }

  /// Uniform elements in [-1/2, 1/2).
  private static func matrix<Scalar: RealScalar>(_ rows: Int, _ columns: Int, _ type: Scalar.Type) -> Matrix<
    Scalar
  > {
    let random = CounterRandom(seed: 7)
    return Matrix(rows: rows, columns: columns) { i, j in
      Scalar(random.uniform(at: UInt64(i * columns + j)) - 0.5)
    }
  }

  private static func symmetric(_ size: Int) -> Matrix<Double> {
    let a = matrix(size, size, Double.self)
    return Matrix(rows: size, columns: size) { a[max($0, $1), min($0, $1)] }
  }
}
