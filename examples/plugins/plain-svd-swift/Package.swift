// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "plain-svd",
  products: [.library(name: "PlainSVD", type: .dynamic, targets: ["PlainSVD"])],
  dependencies: [.package(name: "lathe", path: "../../..")],
  targets: [
    .target(
      name: "PlainSVD", dependencies: [.product(name: "PluginKit", package: "lathe")],
      linkerSettings: [
        .unsafeFlags([
          "-use-ld=lld", "-Xlinker", "--version-script=\(Context.packageDirectory)/exports.map",
          "-Xlinker", "-z", "-Xlinker", "nodelete",
        ])
      ])
  ]
)
