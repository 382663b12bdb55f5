// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "round-bits",
  products: [.library(name: "RoundBitsPlugin", type: .dynamic, targets: ["RoundBitsPlugin"])],
  dependencies: [.package(name: "lathe", path: "../../..")],
  targets: [
    .target(
      name: "RoundBitsPlugin", dependencies: [.product(name: "PluginKit", package: "lathe")],
      linkerSettings: [
        .unsafeFlags([
          "-use-ld=lld", "-Xlinker", "--version-script=\(Context.packageDirectory)/exports.map",
          "-Xlinker", "-z", "-Xlinker", "nodelete",
        ])
      ])
  ]
)
