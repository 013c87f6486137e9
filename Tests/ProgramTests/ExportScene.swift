import Foundation
import OCI
import TestSupport
import Testing

/// A bundle of images that run, with layers of each kind, one index and one artifact, and the exports of it.
struct ExportScene: Sendable {
    let program: Program
    let images: ImageSet
    let plain: ImageFixture
    let packed: ImageFixture

    static let plainName = "registry.example.com:5000/local/plain:1"
    static let packedName = "registry.example.com:5000/local/packed:1"
    static let indexName = "registry.example.com:5000/local/multi:1"
    static let sbomName = "registry.example.com:5000/local/sbom:1"

    init() async throws {
        program = try await Program()
        let base = try await ImageFactory.programLayer()
        let shared = try await ImageFactory.files(seed: 1, count: 9, size: 20_000)
        plain = ImageFixture([base, shared])
        packed = ImageFixture([
            base, shared, try await ImageFactory.files(seed: 2, count: 3, size: 9_000, compression: .zstd(level: 3)),
            try await ImageFactory.files(seed: 3, count: 3, size: 9_000, compression: .gzipMembers(3)),
        ])
        var images = ImageSet()
        images.add(plain, tag: "plain")
        images.add(packed, tag: "packed")
        let amd64 = images.add(ImageFixture([base, shared], labels: ["of": "an index"]))
        let arm64 = images.add(
            ImageFixture(
                [try await ImageFactory.files(seed: 4, count: 2, size: 3_000)],
                platform: Platform(os: "linux", architecture: "arm64")))
        images.addIndex([amd64, arm64], tag: "multi")
        images.addArtifact(
            type: "application/spdx+json", content: Array("{}".utf8), subject: plain.descriptor, tag: "sbom")
        try images.write(to: program.directory.path("layout"))
        self.images = images
        try await build()
    }

    /// Builds the bundle, or another one of the same images.
    func build(version: Int = 1, output: String = "bundle") async throws {
        let names = [
            ("plain", Self.plainName), ("packed", Self.packedName), ("multi", Self.indexName), ("sbom", Self.sbomName),
        ]
        let lines = names.map { "  - image: oci-layout:./layout@\($0)\n    as: [\"\($1)\"]" }
        let spec = try program.spec(
            lines.joined(separator: "\n"), name: "spec-\(version).yaml", version: version,
            platforms: "linux/amd64, linux/arm64")
        try await program.build(spec, output: output)
    }

    func export(_ format: String, to output: String, bundle: String = "bundle", _ more: String...) -> Command {
        program.command(
            [
                "export", program.directory.path(bundle), "--trust", program.trusted, "--format", format, "--output",
                output == "-" ? "-" : program.directory.path(output), "--no-progress",
            ] + more)
    }

    /// The bytes of a manifest or index as they came from the source.
    func source(_ tag: String) throws -> [UInt8] {
        let descriptor = try #require(images.descriptor(tag: tag))
        return try #require(images.blobs[descriptor.digest])
    }

    /// Demands that skopeo gets every document and blob of a source image as it was.
    func expectSource(_ tag: String, at reference: String, sourceLocation: SourceLocation = #_sourceLocation)
        async throws
    {
        let raw = try await Command("skopeo", ["inspect", "--raw", "--tls-verify=false", reference]).check().output
        #expect(try raw == source(tag), "\(reference)", sourceLocation: sourceLocation)
        let copy = "copy-" + tag
        try await Command(
            "skopeo",
            ["copy", "--quiet", "--all", "--src-tls-verify=false", reference, "dir:" + program.directory.path(copy)]
        ).check()
        for file in try FileManager.default.contentsOfDirectory(atPath: program.directory.path(copy)) {
            guard let digest = Digest(hex: file) else { continue }
            #expect(
                try program.directory.read("\(copy)/\(file)") == images.blobs[digest], sourceLocation: sourceLocation)
        }
    }

    /// Demands that there is nothing at the output, nor anything beside it.
    func expectNothing(_ output: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: program.directory.path)
        #expect(!names.contains { $0.contains(output) }, "\(names)", sourceLocation: sourceLocation)
    }
}
