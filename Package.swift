// swift-tools-version: 6.2
import PackageDescription

/// The settings of every target that we write; docs/conventions.md says why.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict + [.strictMemorySafety()])
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name + "Tests", dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

func library(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let package = Package(
    name: "bundle",
    products: [
        .executable(name: "bundle", targets: ["bundle"]),
        .executable(name: "bundle-firstboot", targets: ["bundle-firstboot"]),
        .library(name: "BundleKit", targets: ["BundleBuilder", "BundleFormat", "Registry", "OCI"]),
    ],
    traits: [
        .default(enabledTraits: ["ISAL"]),
        .trait(
            name: "ISAL",
            description: "Inflate with ISA-L, twice as fast as zlib; Debian has it as a shared library only."),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
    ],
    targets: [
        // C libraries: one Swift importer each.
        library("CZstd", pkgConfig: "libzstd", apt: "libzstd-dev"),
        library("COpenSSL", pkgConfig: "libcrypto", apt: "libssl-dev"),
        library("CLibArchive", pkgConfig: "libarchive", apt: "libarchive-dev"),
        library("CISAL", pkgConfig: "libisal", apt: "libisal-dev"),
        library("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
        .target(name: "CLinux"),
        .target(name: "CEarly"),

        // Leaves: one concern each, no I/O beyond their own.
        module("StrictJSON"),
        module("OCI", ["StrictJSON"]),
        module("DurableFiles", ["CLinux"]),
        module("Cryptography", ["COpenSSL", "OCI"]),
        module("Zstandard", ["CZstd"]),
        module("Deflate", ["CZlib"]),
        module("Gzip", [.target(name: "CISAL", condition: .when(traits: ["ISAL"])), "Deflate"]),
        module("Tar"),
        module("Discs", ["DurableFiles"]),
        module("Archives", ["CLibArchive", "DurableFiles"]),
        module("Programs", ["DurableFiles"]),
        module("Console"),

        // The bundle on disk; mirrors docs/format.md.
        .target(
            name: "BundleFormat",
            dependencies: [
                "Cryptography", "Deflate", "Discs", "DurableFiles", "Gzip", "OCI", "StrictJSON", "Zstandard",
            ],
            resources: [.embedInCode("Text/README.txt"), .embedInCode("Text/audit.sh")],
            swiftSettings: strict + [.strictMemorySafety()]),

        // Edges: what people write, where images come from.
        module("BundleSpec", ["OCI", "StrictJSON", .product(name: "Yams", package: "Yams")]),
        module(
            "Engines",
            ["BundleFormat", "Cryptography", "DurableFiles", "OCI", "Programs", "StrictJSON", "Tar", "Zstandard"]),
        module(
            "Registry",
            [
                "Cryptography", "OCI", "StrictJSON",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),

        // Use cases and programs. The loader's reach neither Registry nor BundleSpec: decision 0006.
        module(
            "BundleLoader", ["BundleFormat", "Console", "Cryptography", "DurableFiles", "Engines", "OCI", "StrictJSON"]),
        .executableTarget(
            name: "bundle-firstboot",
            dependencies: [
                "BundleFormat", "BundleLoader", "CEarly", "Console", "Cryptography", "DurableFiles", "Engines", "OCI",
                "StrictJSON",
            ],
            swiftSettings: strict + [.strictMemorySafety()]),
        module(
            "BundleDelivery",
            [
                "BundleFormat", "BundleLoader", "BundleSpec", "Console", "Cryptography", "Discs", "DurableFiles",
                "Engines", "OCI", "Programs", "Registry", "StrictJSON",
            ]),
        module(
            "BundleServer",
            [
                "BundleDelivery", "BundleFormat", "BundleLoader", "Engines", "OCI", "StrictJSON",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]),
        module(
            "BundleBuilder",
            [
                "Archives", "BundleFormat", "BundleSpec", "Console", "Cryptography", "Deflate", "DurableFiles",
                "Engines",
                "Gzip", "OCI", "Registry", "StrictJSON", "Tar", "Zstandard",
            ]),
        .executableTarget(
            name: "bundle",
            dependencies: [
                "BundleBuilder", "BundleDelivery", "BundleFormat", "BundleLoader", "BundleServer", "BundleSpec",
                "Console", "Cryptography", "DurableFiles", "Engines", "OCI", "Registry", "StrictJSON", "Zstandard",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        // Not shipped: what Benchmarks/encoders.sh times.
        .executableTarget(
            name: "EncoderBenchmark", dependencies: ["Deflate", "Gzip"], path: "Benchmarks/Encoders",
            swiftSettings: strict),

        // Tests. TestSupport starts the real parts: registries, engines, and a registry that lies.
        .target(
            name: "TestSupport",
            dependencies: [
                "Cryptography", "OCI", "StrictJSON",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Tests/TestSupport", swiftSettings: strict),
        tests("TestSupport", ["Cryptography", "OCI", "StrictJSON", "TestSupport"]),
        tests("StrictJSON", ["StrictJSON", "TestSupport"]),
        tests("OCI", ["OCI", "StrictJSON", "TestSupport"]),
        tests("DurableFiles", ["DurableFiles", "TestSupport"]),
        tests("Cryptography", ["Cryptography", "OCI", "TestSupport"]),
        tests("Zstandard", ["TestSupport", "Zstandard"]),
        tests("Deflate", ["Cryptography", "Deflate", "OCI"], exclude: ["Oracle"]),
        tests("Gzip", ["Deflate", "Gzip", "TestSupport"]),
        tests("Tar", ["Tar", "TestSupport"]),
        tests("Discs", ["Discs", "DurableFiles", "TestSupport"]),
        tests("Archives", ["Archives", "DurableFiles", "TestSupport"]),
        tests("Console", ["Console"]),
        tests("Programs", ["Programs", "TestSupport"]),
        tests(
            "BundleFormat",
            [
                "BundleFormat", "Cryptography", "Deflate", "DurableFiles", "Gzip", "OCI", "StrictJSON", "TestSupport",
                "Zstandard",
            ],
            exclude: ["Golden"]),
        tests("BundleDelivery", ["BundleDelivery", "Registry", "TestSupport"]),
        tests("BundleSpec", ["BundleSpec", "OCI"]),
        tests("Registry", ["Cryptography", "OCI", "Registry", "TestSupport"]),
        tests(
            "BundleBuilder",
            [
                "BundleBuilder", "BundleFormat", "BundleSpec", "Console", "Cryptography", "DurableFiles", "Gzip",
                "OCI", "Registry", "TestSupport", "Zstandard",
            ]),
        tests(
            "Engines",
            [
                "BundleBuilder", "BundleFormat", "BundleSpec", "Console", "Cryptography", "Deflate", "DurableFiles",
                "Engines", "Gzip", "OCI", "Programs", "Registry", "StrictJSON", "Tar", "TestSupport", "Zstandard",
            ]),
        tests(
            "BundleLoader",
            [
                "BundleFormat", "BundleLoader", "Cryptography", "DurableFiles", "Engines", "OCI", "StrictJSON",
                "TestSupport",
            ]),
        tests("Program", ["bundle", "bundle-firstboot", "OCI", "StrictJSON", "TestSupport"]),
    ]
)
