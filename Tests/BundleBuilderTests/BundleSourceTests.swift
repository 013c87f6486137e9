import BundleBuilder
import BundleFormat
import BundleSpec
import Cryptography
import Foundation
import OCI
import TestSupport
import Testing

/// Bundles that are made of images of other bundles.
@Suite struct BundleSourceTests {
    private let workshop: Workshop

    init() throws {
        workshop = try Workshop()
        try workshop.directory.write(workshop.key.publicKey.pem, to: "vendor.pub")
    }

    private func specification(_ images: String, trust: String = "trust: [vendor.pub]") throws -> Specification {
        try Specification.parse(
            yaml: "product: merged\nversion: 2\nplatforms: [linux/amd64]\n\(trust)\nimages:\n\(images)\n",
            fileName: "merged.yaml", directory: workshop.directory.path)
    }

    /// A bundle of some images of a scenario, each named `local/TAG:1`.
    private func make(_ scenario: ImageFactory.Scenario, _ tags: [String], as output: String) async throws -> ImageSet {
        let layout = output + "-layout"
        let images = try await ImageFactory.write(scenario, to: workshop.directory.path(layout))
        let lines = tags.map { "  - image: oci-layout:./\(layout)@\($0)\n    as: [local/\($0):1]" }
        _ = try await workshop.make(workshop.specification(lines.joined(separator: "\n")), output: output)
        return images
    }

    @Test func `bundles are merged and split with every digest as it was`() async throws {
        let shared = try await make(.sharedBase, ["one", "two"], as: "a")
        let packed = try await make(.compressions, ["gzip9", "members", "zstd", "none"], as: "b")
        let lines = [
            "  - bundle:./a@local/two:1", "  - bundle:b@local/gzip9:1", "  - bundle:./b@local/members:1",
            "  - bundle:./b@local/zstd:1",
            "  - bundle:./b@local/none:1@\(try #require(packed.descriptor(tag: "none")).digest)",
        ]
        let merged = try specification(lines.joined(separator: "\n"))
        // Nothing but the other bundles helps.
        let contents = try await workshop.make(merged, cache: "cold", output: "merged")
        var roots: [String: Digest] = [:]
        for (line, tag) in zip(lines, ["two", "gzip9", "members", "zstd", "none"]) {
            roots[String(line.dropFirst(4))] = (shared.descriptor(tag: tag) ?? packed.descriptor(tag: tag))?.digest
        }
        try contents.expectIdentical(roots: roots) { try #require(shared.blobs[$0] ?? packed.blobs[$0]) }
        #expect(contents.manifest.images.first?.names.map(\.description) == ["docker.io/local/two:1"])
        let tree = try workshop.tree("merged")
        _ = try await workshop.make(merged, cache: "colder", output: "merged")
        #expect(try workshop.tree("merged") == tree)
    }

    @Test func `what is not trusted, damaged, or not there is told apart`() async throws {
        _ = try await make(.multiPlatform, ["multi"], as: "a")
        let one = try specification("  - bundle:./a@local/multi:1")
        let lock = try await workshop.lock(one)

        let other = try PrivateKey.generate(.ed25519)
        try workshop.directory.write(other.publicKey.pem, to: "other.pub")
        let wrongKey = try specification("  - bundle:./a@local/multi:1", trust: "trust: [other.pub]")
        #expect(await Workshop.code { _ = try await workshop.make(wrongKey, output: "x") } == .notTrusted)
        let noKey = try specification("  - bundle:./a@local/multi:1", trust: "trust: [absent.pub]")
        #expect(await Workshop.code { _ = try await workshop.make(noKey, output: "x") } == .notTrusted)

        for source in ["bundle:./a@local/three:1", "bundle:./nowhere@local/multi:1"] {
            let absent = try specification("  - \(source)")
            #expect(await Workshop.code { _ = try await workshop.make(absent, output: "x") } == .notFound, "\(source)")
        }
        let arm = try Specification.parse(
            yaml:
                "product: m\nversion: 2\nplatforms: [linux/arm64]\ntrust: [vendor.pub]\nimages: [\"bundle:./a@local/multi:1\"]",
            fileName: "arm.yaml", directory: workshop.directory.path)
        #expect(await Workshop.code { _ = try await workshop.make(arm, cache: "cold", output: "x") } == .notFound)

        let contents = try await workshop.verified("a")
        let pack = "a/blobs/sha256/" + (try #require(contents.manifest.packs.first).digest.hex)
        var bytes = try workshop.directory.read(pack)
        bytes[bytes.count / 2] ^= 1
        try workshop.directory.write(bytes, to: pack)
        #expect(
            await Workshop.code { _ = try await workshop.make(one, lock: lock, cache: "cold", output: "x") } == .damaged
        )
        #expect(workshop.hasNoBundle("x"))
    }
}
