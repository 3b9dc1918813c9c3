// swift-tools-version:6.0
import Foundation
import PackageDescription

let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path

#if os(Linux)
  // `cargo xtask ios test` puts the generated header and the library for this machine here.
  let ffi: Target = .systemLibrary(name: "CountersignCoreFFI", path: "Generated/CountersignCoreFFI")
  let link: [LinkerSetting] = [
    .unsafeFlags(["-L\(here)/Generated/lib"]),
    .linkedLibrary("countersign_ffi"),
  ]
#else
  // `cargo xtask ios framework` will make it on a Mac; never built so far (ios/README.md).
  let ffi: Target = .binaryTarget(
    name: "CountersignCoreFFI", path: "Generated/CountersignCore.xcframework")
  let link: [LinkerSetting] = []
#endif

let package = Package(
  name: "CoreBridge",
  platforms: [.iOS(.v17), .macOS(.v14)],
  products: [.library(name: "CoreBridge", targets: ["CoreBridge"])],
  targets: [
    ffi,
    // Generated code: its async callbacks do not compile in Swift 6 mode.
    .target(
      name: "CountersignCore", dependencies: ["CountersignCoreFFI"], path: "Generated/CountersignCore",
      swiftSettings: [.swiftLanguageMode(.v5)], linkerSettings: link),
    .target(name: "CoreBridge", dependencies: ["CountersignCore"]),
    .testTarget(name: "CoreBridgeTests", dependencies: ["CoreBridge"]),
  ]
)
