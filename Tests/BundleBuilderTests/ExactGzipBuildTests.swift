import BundleBuilder
import BundleFormat
import BundleSpec
import Console
import Foundation
import OCI
import Synchronization
import TestSupport
import Testing

/// Gzip layers that are stored as tars and made again bit for bit, by the programs that made them.
@Suite struct ExactGzipBuildTests {
    /// The image layout of one image with one layer, compressed by a program.
    private static func layout(
        _ workshop: Workshop, _ program: String, _ arguments: [String], size: Int = 600_000
    ) async throws -> LayerFixture {
        var random = DeterministicRandom(seed: 11)
        let text = (0..<size / 60).map { "line \($0) of a file \(random.next() % 1000) that compresses well\n" }
            .joined()
        let tar = TarFixture.tar([
            .directory("opt"), .file("opt/text", text), .file("opt/noise", random.bytes(size / 10)),
        ])
        let blob = try await Command(program, arguments, input: tar).check().output
        let layer = LayerFixture(tar: tar, gzip: blob)
        var images = ImageSet()
        images.add(ImageFixture([layer]), tag: "one")
        try images.write(to: workshop.directory.path("layout"))
        return layer
    }

    private static func specification(_ workshop: Workshop, _ more: String = "") throws -> Specification {
        try workshop.specification("  - image: oci-layout:./layout@one\n    as: [local/one:1]\n\(more)")
    }

    @Test(.enabled(if: Toolbox.has("pigz")), arguments: [1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 4])
    func `what pigz made is made again`(level: Int, threads: Int) async throws {
        let workshop = try Workshop()
        let layer = try await Self.layout(workshop, "pigz", ["-nc\(level)", "-p\(threads)"])
        let contents = try await workshop.make(Self.specification(workshop))
        // One thread goes on with its stream, which shows at the levels that do not find all copies again.
        let isKnown = threads > 1 || level > 3
        let name = isKnown ? "gzip by zlib, level \(level), blocks of 128 KiB" : "gzip with corrections"
        #expect(contents.encodingNames == [name])
        #expect(try contents.blob(layer.digest) == layer.blob)
    }

    @Test(.enabled(if: Toolbox.has("umoci"))) func `what umoci made is made again`() async throws {
        let workshop = try Workshop()
        let layout = workshop.directory.path("layout")
        let file = workshop.directory.path("file")
        var random = DeterministicRandom(seed: 12)
        try Data((0..<700_000).map { _ in UInt8(random.next() % 5) * 40 } + random.bytes(40_000))
            .write(to: URL(fileURLWithPath: file))
        try await Command("umoci", ["init", "--layout", layout]).check()
        try await Command("umoci", ["new", "--image", "\(layout):one"]).check()
        try await Command("umoci", ["insert", "--rootless", "--image", "\(layout):one", file, "/opt/file"]).check()
        let contents = try await workshop.make(Self.specification(workshop))
        #expect(contents.encoders == ["klauspost-1.15, level 5, blocks of 256 KiB"])
        let layer = try #require(contents.manifest.layers.first)
        let path = "\(layout)/blobs/sha256/\(layer.digest.hex)"
        #expect(try contents.blob(layer.digest) == Array(Data(contentsOf: URL(fileURLWithPath: path))))
    }

    @Test func `gzip members one after another are made again, and their tar is stored once`() async throws {
        let workshop = try Workshop()
        let layer = try await Self.layout(workshop, "sh", ["-c", "split -b 70000 --filter 'gzip -nc6'"])
        let other = LayerFixture(
            tar: layer.tar, gzip: try await Command("pigz", ["-nc6"], input: layer.tar).check().output)
        var images = ImageSet()
        for (tag, layer) in [("one", layer), ("two", other)] { images.add(ImageFixture([layer]), tag: tag) }
        try images.write(to: workshop.directory.path("layout"))
        let more = "  - image: oci-layout:./layout@two\n    as: [local/two:1]\n"
        let contents = try await workshop.make(Self.specification(workshop, more))
        #expect(contents.encoders.contains("zlib, level 6; gnu-gzip, level 6; 8 members"))
        #expect(contents.streamSize == Int64(layer.tar.count))
        for layer in [layer, other] { #expect(try contents.blob(layer.digest) == layer.blob) }
    }

    @Test func `a layer whose image is stored as it is comes back the same, without a search`() async throws {
        let workshop = try Workshop()
        let layer = try await Self.layout(workshop, "pigz", ["-nc"])
        let phases = Mutex<[String]>([])
        let progress = WorkListener(
            phase: { name, _ in phases.withLock { $0.append(name) } }, advance: { _ in }, note: { _ in })
        let original = try Self.specification(workshop, "    store: original\n")
        let lock = try await workshop.lock(original)
        _ = try await workshop.build(original, progress: progress).run(lock)
        let contents = try await workshop.verified()
        #expect(contents.manifest.layers.map(\.encoding) == [.verbatim(.gzip)])
        #expect(try contents.blob(layer.digest) == layer.blob)
        #expect(!phases.withLock { $0.contains("find encoders") })
        // Packed from the same cache, and then once more without a search.
        let packed = try Self.specification(workshop)
        for searches in [1, 1] {
            _ = try await workshop.build(packed, output: "packed", progress: progress).run(lock)
            #expect(phases.withLock { $0.count { $0 == "find encoders" } } == searches)
            #expect(try await workshop.verified("packed").encoders.count == 1)
        }
    }

    @Test func `a tar that lies in several blobs is stored once`() async throws {
        let workshop = try Workshop()
        let layer = try await Self.layout(workshop, "pigz", ["-nc6"])
        let other = LayerFixture(
            tar: layer.tar, gzip: try await Command("pigz", ["-nc9"], input: layer.tar).check().output)
        let plain = try await LayerFixture(tar: layer.tar, compression: .none)
        var images = ImageSet()
        for (tag, layer) in [("one", layer), ("two", other), ("three", plain)] {
            images.add(ImageFixture([layer]), tag: tag)
        }
        try images.write(to: workshop.directory.path("layout"))
        let lines = ["one", "two", "three"].map { "  - image: oci-layout:./layout@\($0)\n    as: [local/\($0):1]" }
        let contents = try await workshop.make(workshop.specification(lines.joined(separator: "\n")))
        #expect(contents.manifest.layers.count == 3)
        #expect(Set(contents.manifest.layers.map(\.stream)) == [layer.diffID.digest])
        #expect(contents.streamSize == Int64(layer.tar.count))
        for layer in [layer, other, plain] { #expect(try contents.blob(layer.digest) == layer.blob) }
    }

    @Test func `corrections come back when the cache has lost them, and leave the tar to be shared`() async throws {
        let workshop = try Workshop()
        let layer = try await Self.layout(workshop, "gzip", ["-nc", "--rsyncable"])
        let other = LayerFixture(
            tar: layer.tar, gzip: try await Command("gzip", ["-nc6"], input: layer.tar).check().output)
        var images = ImageSet()
        for (tag, layer) in [("one", layer), ("two", other)] { images.add(ImageFixture([layer]), tag: tag) }
        try images.write(to: workshop.directory.path("layout"))
        let specification = try Self.specification(
            workshop, "  - image: oci-layout:./layout@two\n    as: [local/two:1]\n")
        let reference = try await workshop.make(specification)
        #expect(reference.encodingNames == ["gzip by gnu-gzip, level 6", "gzip with corrections"])
        let corrections = reference.streamSize - Int64(layer.tar.count)
        #expect(corrections > 0 && corrections * 20 < Int64(layer.blob.count))
        let stored = try #require(reference.manifest.layer(layer.digest))
        let path = workshop.directory.path("cache/v1/blobs/\(stored.streams[1].hex)")
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        for damage in [nil, Data(), Data(bytes.dropLast() + [bytes[bytes.count - 1] ^ 1])] {
            if let damage {
                try damage.write(to: URL(fileURLWithPath: path))
            } else {
                try FileManager.default.removeItem(atPath: path)
            }
            try FileManager.default.removeItem(atPath: workshop.directory.path("cache/v1/layouts"))
            let contents = try await workshop.make(specification)
            #expect(contents.manifest.bytes() == reference.manifest.bytes())
            for layer in [layer, other] { #expect(try contents.blob(layer.digest) == layer.blob) }
        }
    }

    @Test func `a header that rots before its encoder is looked for is not made again`() async throws {
        let workshop = try Workshop()
        let layer = try await Self.layout(workshop, "pigz", ["-nc"])
        let specification = try Self.specification(workshop)
        let lock = try await workshop.lock(specification)
        try await workshop.build(specification).pull(lock)
        // No checksum of gzip covers the time.
        var blob = layer.blob
        blob[4] ^= 1
        let path = workshop.directory.path("cache/v1/blobs/\(layer.digest.hex)")
        try Data(blob).write(to: URL(fileURLWithPath: path))
        let contents = try await workshop.make(specification, lock: lock)
        #expect(try contents.blob(layer.digest) == layer.blob)
    }

    @Test func `a blob that rots after its encoder was found is fetched again`() async throws {
        let workshop = try Workshop()
        let layer = try await Self.layout(workshop, "pigz", ["-nc"])
        let specification = try Self.specification(workshop)
        let reference = try await workshop.make(specification)
        let path = workshop.directory.path("cache/v1/blobs/\(layer.digest.hex)")
        for position in [0, 20, layer.blob.count / 2, layer.blob.count - 1] {
            var blob = layer.blob
            blob[position] ^= 4
            try Data(blob).write(to: URL(fileURLWithPath: path))
            try FileManager.default.removeItem(atPath: workshop.directory.path("cache/v1/layouts"))
            // With what is known of the blob, and without.
            if position % 2 == 0 {
                try FileManager.default.removeItem(atPath: workshop.directory.path("cache/v1/layers"))
            }
            let contents = try await workshop.make(specification)
            #expect(contents.manifest.bytes() == reference.manifest.bytes(), "byte \(position)")
        }
    }
}
