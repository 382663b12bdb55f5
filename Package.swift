// swift-tools-version: 6.3
import PackageDescription

// The layering, lowest first. `Tests/LayeringTests` holds every `import` line against this table.
let host: [(name: String, dependencies: [String])] = [
  ("Tensors", []),
  ("LinearAlgebra", ["Tensors", "COpenBLAS", "CKernels"]),
  ("Graph", ["Tensors"]),
  ("ModelIO", ["Graph", "Tensors", "CKernels"]),
  ("Runtime", ["Graph", "Tensors", "LinearAlgebra", "CKernels"]),
  ("Calibration", ["Runtime", "ModelIO", "Graph", "LinearAlgebra", "Tensors", "CKernels"]),
  ("Export", ["Runtime", "ModelIO", "Graph", "LinearAlgebra", "Tensors", "CKernels"]),
  ("Training", ["Calibration", "Runtime", "Graph", "LinearAlgebra", "Tensors"]),
  (
    "PluginHost",
    [
      "CKernels", "CLathe", "Training", "Calibration", "ModelIO", "Runtime", "Graph", "LinearAlgebra",
      "Tensors",
    ]
  ),
  ("Validator", ["CLathe", "PluginHost", "ModelIO", "LinearAlgebra", "Tensors", "CKernels"]),
  ("Evaluation", ["Calibration", "Runtime", "ModelIO", "Graph", "LinearAlgebra", "Tensors", "CKernels"]),
  ("Generation", ["Runtime", "ModelIO", "Graph", "LinearAlgebra", "Tensors", "CKernels"]),
  (
    "Pipeline",
    [
      "PluginHost", "Training", "Export", "Calibration", "Runtime", "ModelIO", "Graph", "LinearAlgebra",
      "Tensors",
    ]
  ),
]

// A plugin is a testable `Strategy` target and an `Entry` target, which alone becomes the shared library:
// two entries in one test binary would define `lathe_entry` twice.
// `uses` are the targets in Plugins/Shared that a strategy is built on.
let plugins: [(name: String, uses: [String])] = [
  ("SVDLLMv2", ["LowRank"]),
  ("AdaSVD", ["LowRank"]),
  ("Quantize", ["LowRank"]),
  ("SoCo", ["LowRank"]),
]

let exportsOneSymbol = "\(Context.packageDirectory)/Sources/PluginAPI/Header/exports.map"
let language: [SwiftSetting] = [.swiftLanguageMode(.v6)]
let cFlags: [CSetting] = [.unsafeFlags(["-O3", "-ffp-contract=off", "-fno-math-errno"])]

var targets: [Target] = [
  .systemLibrary(
    name: "COpenBLAS", path: "Sources/Host/COpenBLAS", pkgConfig: "openblas",
    providers: [.apt(["libopenblas-dev", "pkg-config"])]),
  .target(name: "CKernels", path: "Sources/Host/CKernels", cSettings: cFlags),
  .target(
    name: "CTemplates", path: "Sources/Host/CTemplates", cSettings: [.unsafeFlags(["-std=c23"])]),
  .target(name: "CLathe", path: "Sources/PluginAPI/Header", exclude: ["exports.map"]),
  .target(
    name: "PluginKit", dependencies: ["CLathe"], path: "Sources/PluginAPI/Kit", swiftSettings: language),
  .executableTarget(
    name: "CLI", dependencies: (host.map(\.name) + ["CTemplates"]).map { .byName(name: $0) },
    path: "Sources/Host/CLI",
    swiftSettings: language),
  .executableTarget(
    name: "Benchmarks", dependencies: host.map { .byName(name: $0.name) }, path: "Tests/Benchmarks",
    swiftSettings: language),
]
targets += host.map { module in
  .target(
    name: module.name, dependencies: module.dependencies.map { .byName(name: $0) },
    path: "Sources/Host/\(module.name)", swiftSettings: language)
}
targets.append(
  .target(
    name: "LowRank", dependencies: ["PluginKit"], path: "Plugins/Shared/LowRank", swiftSettings: language))
targets += plugins.flatMap { name, uses -> [Target] in
  [
    .target(
      name: "\(name)Strategy", dependencies: (["PluginKit"] + uses).map { .byName(name: $0) },
      path: "Plugins/\(name)/Strategy", swiftSettings: language),
    .target(
      name: "\(name)Entry", dependencies: ["PluginKit", .byName(name: "\(name)Strategy")],
      path: "Plugins/\(name)/Entry", swiftSettings: language,
      linkerSettings: [
        .unsafeFlags([
          // gold keeps local symbols in the dynamic table; lld leaves the one name alone.
          "-use-ld=lld", "-Xlinker", "--version-script=\(exportsOneSymbol)", "-Xlinker", "-z", "-Xlinker",
          "nodelete",
        ])
      ]),
  ]
}

let tests: [(name: String, dependencies: [String])] = [
  ("Tensors", ["Tensors"]),
  ("LinearAlgebra", ["LinearAlgebra", "Tensors", "CKernels"]),
  ("ModelIO", ["ModelIO", "Graph", "Tensors"]),
  ("PluginKit", ["PluginKit", "CLathe", "FakeHost"]),
  ("SVDLLMv2", ["SVDLLMv2Strategy", "LowRank", "PluginKit", "CLathe", "FakeHost"]),
  ("AdaSVD", ["AdaSVDStrategy", "SVDLLMv2Strategy", "LowRank", "PluginKit", "CLathe", "FakeHost"]),
  ("Quantize", ["QuantizeStrategy", "LowRank", "PluginKit", "CLathe", "FakeHost"]),
  ("SoCo", ["SoCoStrategy", "LowRank", "PluginKit", "CLathe", "FakeHost"]),
  ("Runtime", ["Runtime", "Graph", "LinearAlgebra", "Tensors", "CKernels"]),
  ("Evaluation", ["Evaluation", "Runtime", "ModelIO", "Graph", "LinearAlgebra", "Tensors"]),
  (
    "Generation",
    ["Generation", "Evaluation", "Runtime", "ModelIO", "Graph", "LinearAlgebra", "Tensors", "CKernels"]
  ),
  ("Graph", ["Graph", "Tensors"]),
  ("Export", ["Export", "Runtime", "ModelIO", "Graph", "LinearAlgebra", "Tensors"]),
  ("Calibration", ["Calibration", "Runtime", "ModelIO", "Graph", "LinearAlgebra", "Tensors"]),
  ("Training", ["Training", "Calibration", "Runtime", "ModelIO", "Graph", "LinearAlgebra", "Tensors"]),
  (
    "PluginHost",
    ["PluginHost", "Training", "Calibration", "Runtime", "ModelIO", "Graph", "LinearAlgebra", "Tensors"]
  ),
  ("Pipeline", ["Pipeline", "PluginHost", "Calibration", "ModelIO", "Graph", "LinearAlgebra", "Tensors"]),
  ("CLI", ["ModelIO", "Tensors"]),
  ("Validator", ["Validator", "ModelIO", "Tensors"]),
  ("Layering", []),
]
targets.append(
  .target(
    name: "TestSupport", dependencies: ["Tensors", "Graph", "ModelIO"], path: "Tests/TestSupport",
    swiftSettings: language))
targets.append(
  .target(name: "FakeHost", dependencies: ["CLathe"], path: "Tests/FakeHost", swiftSettings: language))
targets += tests.map { suite in
  .testTarget(
    name: "\(suite.name)Tests",
    dependencies: (suite.dependencies + ["TestSupport"]).map { .byName(name: $0) },
    path: "Tests/\(suite.name)Tests", swiftSettings: language)
}

let package = Package(
  name: "lathe",
  products: [
    .executable(name: "lathe", targets: ["CLI"]),
    .executable(name: "lathe-benchmarks", targets: ["Benchmarks"]),
    .library(name: "Lathe", targets: host.map(\.name)),
    .library(name: "PluginKit", targets: ["PluginKit"]),
  ] + plugins.map { .library(name: $0.name, type: .dynamic, targets: ["\($0.name)Entry"]) },
  targets: targets
)
