import BundleBuilder
import BundleFormat
import BundleSpec
import Cryptography
import DurableFiles
import Foundation
import OCI
import TestSupport
import Testing

/// Images from archives as skopeo and others write them.
@Suite(.enabled(if: Toolbox.has("skopeo", "gzip", "zstd"))) struct ArchiveBuildTests {
    private let workshop: Workshop

    init() throws { workshop = try Workshop() }

    private func copy(_ source: String, _ target: String, _ options: String...) async throws {
        try await Command(
            "skopeo", ["--insecure-policy", "copy", "--quiet"] + options + [source, target],
            workingDirectory: workshop.directory.path
        ).check()
    }

    @Test func `an OCI archive gives every image with its digests`() async throws {
        let images = try await ImageFactory.write(.multiPlatform, to: workshop.directory.path("layout"))
        try await copy("oci:layout:multi", "oci-archive:a@b.tar:multi", "--all", "--preserve-digests")
        let root = try #require(images.descriptor(tag: "multi")).digest
        var trees: [[String: Digest?]] = []
        for (number, source) in ["oci-archive:./a@b.tar@multi", "oci-archive:./again.tar.zst"].enumerated() {
            if number == 1 {
                try await Command(
                    "zstd", ["-q", workshop.directory.path("a@b.tar"), "-o", workshop.directory.path("again.tar.zst")]
                ).check()
            }
            let specification = try workshop.specification(
                "  - image: \(source)\n    as: [local/multi:1]", platforms: "linux/amd64, linux/arm64")
            let contents = try await workshop.make(specification, cache: "cache\(number)")
            try contents.expectIdentical(roots: [source: root]) { try #require(images.blobs[$0]) }
            trees.append(try workshop.tree())
        }
        // All but what shows the source's name: the same packs.
        #expect(trees[0].count == trees[1].count)
    }

    @Test func `a docker archive gives the image ID that it had, and always the same manifest`() async throws {
        try await ImageFactory.write(.sharedBase, to: workshop.directory.path("layout"))
        try await copy("oci:layout:one", "docker-archive:one.tar:example.com/team/app:1.5")
        try await Command("gzip", ["-k", workshop.directory.path("one.tar")]).check()
        // skopeo writes a config of docker's kind; this is the one that lies in the archive.
        let config = try await Command(
            "skopeo", ["inspect", "--config", "--raw", "docker-archive:" + workshop.directory.path("one.tar")]
        ).check().output
        var roots: Set<Digest> = []
        for source in ["docker-archive:one.tar:example.com/team/app:1.5", "docker-archive:./one.tar.gz"] {
            let specification = try workshop.specification("  - image: \(source)\n    as: [local/app:1]")
            let first = try await workshop.make(specification)
            let tree = try workshop.tree()
            let image = try first.image(source)
            roots.insert(image.root)
            let manifest = try first.imageManifest(image.root)
            #expect(manifest.config.digest == SHA256Hasher.digest(of: config))
            #expect(manifest.layers.allSatisfy { $0.mediaType == .ociLayer })
            for layer in manifest.layers {
                #expect(first.manifest.layer(layer.digest)?.encoding == .identity)
                #expect(first.manifest.layer(layer.digest)?.diffID?.digest == layer.digest)
                #expect(SHA256Hasher.digest(of: try first.blob(layer.digest)) == layer.digest)
            }
            let names = image.names.map(\.description)
            #expect(names == (source.contains("team") ? ["example.com/team/app:1.5"] : []) + ["docker.io/local/app:1"])
            // From nothing, and from what a half-emptied cache has.
            _ = try await workshop.make(specification, cache: "cold")
            #expect(try workshop.tree() == tree)
            try FileManager.default.removeItem(
                atPath: workshop.directory.path("cold/v1/blobs/\(try #require(manifest.layers.first).digest.hex)"))
            try FileManager.default.removeItem(
                atPath: workshop.directory.path("cold/v1/blobs/\(manifest.config.digest.hex)"))
            _ = try await workshop.make(specification, cache: "cold")
            #expect(try workshop.tree() == tree)
        }
        #expect(roots.count == 1)
    }

    @Test func `one archive of several images is read for all of them, by name`() async throws {
        let archive = try await DockerArchiveFixture()
        try workshop.directory.write(archive.bytes, to: "all.tar")
        let contents = try await workshop.make(
            workshop.specification("  - docker-archive:all.tar:first:1\n  - docker-archive:all.tar:local/second"))
        let first = try contents.imageManifest(contents.image("docker-archive:all.tar:first:1").root)
        let second = try contents.imageManifest(contents.image("docker-archive:all.tar:local/second").root)
        #expect(first.config.digest == archive.images[0].imageID)
        #expect(second.config.digest == archive.images[1].imageID)
        // The link is the layer that it leads to; gzip and zstd layers stay as they are.
        #expect(first.layers[0].digest == second.layers[0].digest)
        #expect(second.layers.map(\.mediaType) == [.ociLayer, .ociLayerGzip, .ociLayerZstd])
        #expect(second.layers.map(\.digest) == archive.images[1].layers.map(\.digest))
        for layer in archive.images[1].layers { #expect(try contents.blob(layer.digest) == layer.blob) }
        #expect(
            await Workshop.code {
                _ = try await workshop.make(workshop.specification("  - docker-archive:all.tar:third:1"))
            } == .notFound)
        #expect(
            await Workshop.code {
                _ = try await workshop.make(
                    workshop.specification("  - image: docker-archive:all.tar\n    as: [a]"))
            } == .notFound)
    }

    @Test func `an archive that changed after it was locked is refused`() async throws {
        let archive = try await DockerArchiveFixture()
        try workshop.directory.write(archive.bytes, to: "x.tar")
        let specification = try workshop.specification("  - docker-archive:x.tar:first:1")
        let lock = try await workshop.lock(specification)
        _ = try await workshop.make(specification, lock: lock)
        let other = try await DockerArchiveFixture(seed: 77)
        try workshop.directory.write(other.bytes, to: "x.tar")
        #expect(await Workshop.code { _ = try await workshop.make(specification, lock: lock, cache: "cold") } == .lock)
        // What the lock names is in this cache.
        _ = try await workshop.make(specification, lock: lock)
    }

    @Test func `archives that lie, lead elsewhere or are cut off are refused with one sentence`() async throws {
        let archive = try await DockerArchiveFixture()
        typealias Entry = TarFixture.Entry
        func replacing(_ path: String, _ entry: Entry) -> [UInt8] {
            TarFixture.tar(archive.entries.map { $0.path == path ? entry : $0 })
        }
        let list = archive.list
        let config = archive.configPath
        let layer = archive.layerPath
        func listing(_ text: String) -> [UInt8] { replacing("manifest.json", .file("manifest.json", text)) }
        let cases: [(String, [UInt8], BuildError.Code)] = [
            ("cut off", Array(archive.bytes.dropLast(1024)), .source),
            ("cut off in a layer", Array(archive.bytes.prefix(archive.bytes.count / 2)), .source),
            ("an absolute path", TarFixture.tar([.file("/etc/x", "x")] + archive.entries), .source),
            ("a path upwards", TarFixture.tar(archive.entries + [.file("a/../../x", "x")]), .source),
            ("a file twice", TarFixture.tar(archive.entries + [.file(layer, "x")]), .source),
            ("a list twice", TarFixture.tar(archive.entries + [.file("./manifest.json", list)]), .source),
            (
                "a device", TarFixture.tar(archive.entries + [Entry("null", .characterDevice(major: 1, minor: 3))]),
                .source
            ),
            ("a layer that is a link out", replacing(layer, .symbolicLink(layer, to: "../../../etc/passwd")), .source),
            ("a layer that is an absolute link", replacing(layer, .symbolicLink(layer, to: "/etc/passwd")), .source),
            ("a layer that is a link to itself", replacing(layer, .symbolicLink(layer, to: "layer.tar")), .source),
            ("a layer that is not there", TarFixture.tar(archive.entries.filter { $0.path != layer }), .source),
            ("another layer", replacing(layer, .file(layer, TarFixture.tar([.file("evil", "x")]))), .source),
            ("a changed config", replacing(config, .file(config, "{}")), .source),
            ("a list that is no JSON", listing("[{"), .source), ("a list of numbers", listing("[1]"), .source),
            ("keys twice", listing(#"[{"Config":"a","Config":"b","Layers":[]}]"#), .source),
            ("no list", TarFixture.tar(archive.entries.filter { $0.path != "manifest.json" }), .notFound),
            (
                "a false blob",
                TarFixture.tar(archive.entries + [.file("blobs/sha256/" + String(repeating: "0", count: 64), "x")]),
                .source
            ),
            ("an index without a layout", TarFixture.tar(archive.entries + [.file("index.json", "{}")]), .source),
            ("no tar", Array("no tar at all".utf8), .source),
        ]
        for (number, (name, bytes, code)) in cases.enumerated() {
            try workshop.directory.write(bytes, to: "bad\(number).tar")
            let specification = try workshop.specification("  - docker-archive:bad\(number).tar:first:1")
            #expect(await Workshop.code { _ = try await workshop.make(specification) } == code, "\(name)")
            #expect(workshop.hasNoBundle(), "\(name)")
        }
        #expect(try leftovers().isEmpty)
        // What a killed build leaves is removed by the next one that reads an archive.
        try workshop.directory.write("x", to: "cache/v1/archives/\(Directory.temporaryPrefix)left")
        try workshop.directory.write(archive.bytes, to: "good.tar")
        _ = try await workshop.make(workshop.specification("  - docker-archive:good.tar:first:1"))
        #expect(try leftovers().isEmpty)
        let absent = try workshop.specification("  - docker-archive:nowhere.tar:first:1")
        #expect(await Workshop.code { _ = try await workshop.make(absent) } == .notFound)
    }

    /// What failed builds left in the cache besides whole blobs.
    private func leftovers() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: workshop.directory.path("cache/v1/archives"))
    }
}

/// What `docker save` of two images wrote before version 25: the layer that they share is a link in the second one.
struct DockerArchiveFixture {
    let images: [ImageFixture]
    let entries: [TarFixture.Entry]
    let list: String
    var bytes: [UInt8] { TarFixture.tar(entries) }
    var configPath: String { images[0].imageID.hex + ".json" }
    let layerPath: String

    /// Docker 20.10 takes no zstd.
    init(seed: UInt64 = 70, last: LayerFixture.Compression = .zstd(level: 3)) async throws {
        let shared = try await ImageFactory.files(seed: seed, count: 4, size: 9_000, compression: .none)
        let gzip = try await ImageFactory.files(seed: 71, count: 4, size: 9_000)
        let zstd = try await ImageFactory.files(seed: 72, count: 4, size: 9_000, compression: last)
        images = [ImageFixture([shared]), ImageFixture([shared, gzip, zstd])]
        let folders = ["aaaa", "bbbb", "cccc", "dddd"]
        layerPath = "aaaa/layer.tar"
        var entries: [TarFixture.Entry] = folders.map { .directory($0) }
        entries += folders.map { .file($0 + "/VERSION", "1.0") }
        entries += [
            .file(layerPath, shared.blob), .symbolicLink("bbbb/layer.tar", to: "../aaaa/layer.tar"),
            .file("cccc/layer.tar", gzip.blob), .file("dddd/layer.tar", zstd.blob),
        ]
        entries += images.map { .file($0.imageID.hex + ".json", $0.config) }
        list = """
            [{"Config":"\(images[0].imageID.hex).json","RepoTags":["first:1","first:latest"],"Layers":["aaaa/layer.tar"]},
             {"Config":"\(images[1].imageID.hex).json","RepoTags":["local/second:latest"],
              "Layers":["bbbb/layer.tar","cccc/layer.tar","dddd/layer.tar"]}]
            """
        entries += [.file("manifest.json", list), .file("repositories", "{}")]
        self.entries = entries
    }
}
