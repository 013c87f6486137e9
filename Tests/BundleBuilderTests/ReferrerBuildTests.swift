import BundleBuilder
import BundleFormat
import BundleSpec
import Cryptography
import OCI
import StrictJSON
import TestSupport
import Testing

/// Builds of images with signatures, attestations and SBOMs, from registries that list them in each way, and that lie.
@Suite struct ReferrerBuildTests {
    private struct Scene: Sendable {
        let workshop: Workshop
        let registry: LyingRegistry
        let signed: SignedImages

        func specification(
            _ more: String..., platforms: String = "linux/amd64"
        ) throws -> Specification {
            let lines = ["  - image: \(registry.host)/team/app:app"] + more.map { "    \($0)" }
            return try workshop.specification(lines.joined(separator: "\n"), platforms: platforms)
        }

        /// Everything that points to the index and to its amd64 manifest.
        var expected: Set<Digest> {
            Set([signed.signature, signed.sbom, signed.sbomSignature, signed.cosign].map(\.digest))
        }
    }

    private func withScene(hasAPI: Bool = true, _ body: (Scene) async throws -> Void) async throws {
        let scene = Scene(
            workshop: try Workshop(), registry: try await LyingRegistry(), signed: try await SignedImages())
        scene.registry.serve(scene.signed, repository: "team/app", hasAPI: hasAPI)
        do { try await body(scene) } catch {
            await scene.registry.shutdown()
            throw error
        }
        await scene.registry.shutdown()
    }

    private func referrers(_ contents: BundleContents) -> Set<Digest> {
        Set(contents.manifest.images.dropFirst().map(\.root))
    }

    @Test(arguments: [true, false])
    func `what points to an image comes along, bit for bit`(hasAPI: Bool) async throws {
        try await withScene(hasAPI: hasAPI) { scene in
            let contents = try await scene.workshop.make(try scene.specification("as: [local/app:1]", "groups: [a]"))
            #expect(referrers(contents) == scene.expected)
            let image = try contents.image("\(scene.registry.host)/team/app:app")
            // What BuildKit says stands in the index, and stays there.
            #expect(image.manifests == [scene.signed.amd64.digest, scene.signed.attestation.digest])
            let host = scene.registry.host
            for referrer in contents.manifest.images.dropFirst() {
                let suffix =
                    referrer.root == scene.signed.cosign.digest
                    ? ":" + ReferrerTag.cosign("sig", of: scene.signed.root.digest) : "@\(referrer.root)"
                #expect(
                    referrer.names.map(\.description)
                        == ["\(host)/team/app\(suffix)", "docker.io/local/app\(suffix)"])
                #expect(referrer.groups == ["a"] && referrer.reference == "\(host)/team/app\(suffix)")
            }
            for document in contents.manifest.documents {
                #expect(try contents.document(document.digest) == scene.signed.images.blobs[document.digest])
            }
            for layer in contents.manifest.layers {
                #expect(try contents.blob(layer.digest) == scene.signed.images.blobs[layer.digest])
            }
            let config = try #require(
                contents.manifest.images.first.flatMap { try? contents.imageManifest($0.manifests[0]) })
            #expect(contents.manifest.documents.contains { $0.digest == config.config.digest })
            // The date of a signature is none of an image.
            #expect(contents.statement.created.description == "2024-01-02T03:04:05Z")
        }
    }

    @Test func `a lock decides what comes along, whatever is attached or taken away later`() async throws {
        try await withScene { scene in
            let specification = try scene.specification()
            let lock = try await scene.workshop.lock(specification)
            let parsed = try LockFile(parsing: lock.bytes())
            #expect(parsed == lock && parsed.bytes() == lock.bytes())
            let key = "\(scene.registry.host)/team/app:app"
            #expect(
                Set(lock.referrers(for: key).map(\.descriptor.digest))
                    == scene.expected.union([scene.signed.attestation.digest]))
            _ = try await scene.workshop.make(specification, lock: parsed, output: "before")
            scene.registry.serve(
                LyingRegistry.Resource(SignedImages.list([]), headers: ["Content-Type": MediaType.ociIndex.rawValue]),
                at: LyingRegistry.referrersPath("team/app", scene.signed.root.digest))
            let requests = scene.registry.requests.count
            _ = try await scene.workshop.make(specification, lock: parsed, cache: "cold", output: "after")
            #expect(try scene.workshop.tree("before") == scene.workshop.tree("after"))
            #expect(!scene.registry.requests.dropFirst(requests).contains { $0.path.contains("/referrers/") })
            // A lock without them is an older one: nothing comes along that it does not name.
            let older = LockFile(images: [key: scene.signed.root])
            let contents = try await scene.workshop.make(specification, lock: older, output: "older")
            #expect(contents.manifest.images.count == 1)
            #expect(contents.manifest.images[0].manifests == [scene.signed.amd64.digest])
        }
    }

    @Test func `platforms decide whose referrers come along, and none means that nobody is asked`() async throws {
        try await withScene { scene in
            let both = try await scene.workshop.make(
                try scene.specification(platforms: "linux/amd64, linux/arm64"), output: "both")
            #expect(referrers(both) == scene.expected.union([scene.signed.armSBOM.digest]))
            let lock = try await scene.workshop.lock(try scene.specification(platforms: "linux/amd64, linux/arm64"))
            let one = try await scene.workshop.make(
                try scene.specification(platforms: "linux/arm64"), lock: lock, output: "one")
            #expect(
                referrers(one)
                    == [scene.signed.signature.digest, scene.signed.cosign.digest, scene.signed.armSBOM.digest])
            let requests = scene.registry.requests.count
            let none = try await scene.workshop.make(try scene.specification("referrers: none"), output: "none")
            #expect(none.manifest.images.count == 1 && none.manifest.documents.count == 3)
            let asked = scene.registry.requests.dropFirst(requests).map(\.path)
            #expect(!asked.contains { $0.contains("/referrers/") || $0.contains("sha256-") })
            // Also where the lock names them.
            let locked = try await scene.workshop.make(
                try scene.specification("referrers: none"), lock: lock, output: "locked")
            #expect(locked.manifest.images.count == 1)
        }
    }

    @Test func `one referrer of an image under two names stands once, for all who get one of them`() async throws {
        try await withScene { scene in
            scene.registry.serve(
                document: scene.signed.images.blobs[scene.signed.root.digest] ?? [], mediaType: .ociIndex,
                repository: "team/app", tags: ["other"])
            let host = scene.registry.host
            let specification = try scene.workshop.specification(
                """
                  - { image: "\(host)/team/app:app", groups: [a], as: ["x/a:1"], priority: 7 }
                  - { image: "\(host)/team/app:other", groups: [b], as: ["x/b:1"], tags: move }
                """)
            let contents = try await scene.workshop.make(specification)
            #expect(contents.manifest.images.count == 2 + scene.expected.count)
            let signature = try #require(
                contents.manifest.images.first { $0.root == scene.signed.signature.digest })
            #expect(signature.groups == ["a", "b"] && signature.priority == 7 && signature.tagPolicy == .move)
            #expect(
                signature.names.map(\.name) == ["\(host)/team/app", "docker.io/x/a", "docker.io/x/b"])
        }
    }

    @Test func `layouts and other bundles give what they hold`() async throws {
        let workshop = try Workshop()
        var signed = try await SignedImages().images
        let original = try await SignedImages()
        for (number, referrer) in original.lists.values.joined().enumerated() {
            signed.name(referrer, tag: "referrer-\(number)")
        }
        try signed.write(to: workshop.directory.path("layout"))
        let expected = Set(
            [original.signature, original.sbom, original.sbomSignature, original.cosign].map(\.digest))
        let first = try await workshop.make(
            try workshop.specification("  - image: oci-layout:layout@app\n    as: [local/app:1]"), output: "first")
        #expect(Set(first.manifest.images.dropFirst().map(\.root)) == expected)
        try workshop.directory.write(workshop.key.publicKey.pem, to: "first.pub")
        let specification = try Specification.parse(
            yaml: """
                product: test
                version: 1
                platforms: [linux/amd64]
                trust: [first.pub]
                images:
                  - bundle:first@local/app:1
                """, fileName: "test.yaml", directory: workshop.directory.path)
        let second = try await workshop.make(specification, cache: "other", output: "second")
        #expect(Set(second.manifest.images.dropFirst().map(\.root)) == expected)
        #expect(second.manifest.images[0].manifests == first.manifest.images[0].manifests)
    }

    /// What a registry may do wrong when it is asked for referrers.
    enum Lie: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case otherSubject, noSubject, otherBytes, otherSize, absent, ambiguous, tooMany, endless, otherHost, tagIsNoList
        case tooLarge, ownSignature

        var testDescription: String { rawValue }

        /// Whether it is told without an API.
        var hasAPI: Bool { self != .tagIsNoList }
    }

    @Test(arguments: Lie.allCases) func `a registry that lies about referrers is refused in one sentence`(_ lie: Lie)
        async throws
    {
        try await withScene(hasAPI: lie.hasAPI) { scene in
            let (registry, signed) = (scene.registry, scene.signed)
            let path = LyingRegistry.referrersPath("team/app", signed.root.digest)
            func list(_ entries: [JSONValue], headers: [String: String] = [:]) {
                registry.serve(
                    LyingRegistry.Resource(
                        SignedImages.list(entries),
                        headers: ["Content-Type": MediaType.ociIndex.rawValue].merging(headers) { $1 }), at: path)
            }
            func entry(_ digest: Digest, size: Int64 = 400) -> JSONValue {
                Descriptor(mediaType: .ociManifest, digest: digest, size: size).json
            }
            let sample = LyingRegistry.manifestPath("team/app", signed.signature.digest.description)
            switch lie {
            case .otherSubject: list([signed.entry(signed.sbom)])
            case .noSubject: list([signed.entry(signed.cosign)])
            case .otherBytes:
                registry.fault(on: sample) { _, _ in .body(signed.images.blobs[signed.sbom.digest] ?? []) }
            case .otherSize: list([entry(signed.signature.digest, size: signed.signature.size + 1)])
            case .absent: list([entry(SHA256Hasher.digest(of: [1]))])
            case .ambiguous: registry.fault(on: path) { _, _ in .body(Array(#"{"schemaVersion":2,"layers":[]}"#.utf8)) }
            case .tooMany:
                list((0..<1001).map { entry(SHA256Hasher.digest(of: [UInt8($0 % 256), UInt8($0 / 256)])) })
            case .endless: list([], headers: ["Link": "<\(path)?page=2>; rel=\"next\""])
            case .otherHost: list([], headers: ["Link": "<http://127.0.0.1:1\(path)>; rel=\"next\""])
            case .tagIsNoList:
                registry.serve(
                    document: signed.images.blobs[signed.amd64.digest] ?? [], mediaType: .ociManifest,
                    repository: "team/app", tags: [ReferrerTag.list(of: signed.root.digest)])
            case .tooLarge:
                let empty = Descriptor(mediaType: .ociConfig, digest: SHA256Hasher.digest(of: []), size: 2)
                let config = registry.serve(
                    blob: Array("{}".utf8), mediaType: MediaType(rawValue: "application/x"), repository: "team/app")
                let huge = ImageFixture.manifest(
                    config: config,
                    layers: [
                        Descriptor(
                            mediaType: MediaType(rawValue: "application/x"), digest: empty.digest, size: 1 << 40)
                    ], subject: Descriptor(mediaType: .ociIndex, digest: signed.root.digest, size: signed.root.size))
                list([
                    registry.serve(document: huge, mediaType: .ociManifest, repository: "team/app").json
                ])
            case .ownSignature:
                // A tag that calls the image its own signature makes no circle, and nothing comes along twice.
                registry.serve(
                    document: signed.images.blobs[signed.root.digest] ?? [], mediaType: .ociIndex,
                    repository: "team/app", tags: [ReferrerTag.cosign("sig", of: signed.root.digest)])
                let contents = try await scene.workshop.make(try scene.specification())
                #expect(referrers(contents) == scene.expected.subtracting([signed.cosign.digest]))
                return
            }
            do {
                _ = try await scene.workshop.make(try scene.specification())
                Issue.record("\(lie) was accepted")
            } catch let error as BuildError {
                #expect(error.code == (lie == .absent ? .notFound : .source), "\(error)")
                #expect(!error.message.contains("\n") && error.message.contains("team/app"), "\(error)")
            }
            #expect(scene.workshop.hasNoBundle())
        }
    }

    @Test func `a list comes in pages, and an entry of an unknown kind stays out`() async throws {
        try await withScene { scene in
            let (registry, signed) = (scene.registry, scene.signed)
            let path = LyingRegistry.referrersPath("team/app", signed.root.digest)
            let more = registry.serve(
                document: ImageFixture.manifest(
                    config: Descriptor(
                        mediaType: MediaType(rawValue: "application/vnd.oci.empty.v1+json"),
                        digest: SHA256Hasher.digest(of: Array("{}".utf8)), size: 2), layers: [],
                    artifactType: "application/x",
                    subject: Descriptor(mediaType: .ociIndex, digest: signed.root.digest, size: signed.root.size)),
                mediaType: .ociManifest, repository: "team/app")
            let type = MediaType.ociIndex.rawValue
            let unknown = Descriptor(
                mediaType: MediaType(rawValue: "application/vnd.oci.artifact.manifest.v1+json"),
                digest: SHA256Hasher.digest(of: [7]), size: 7)
            registry.fault(on: path) { request, _ in
                guard request.query.isEmpty else { return .body(SignedImages.list([more.json, unknown.json])) }
                return .headers(["Link": "</v2/team/app/referrers/\(signed.root.digest)?n=1&last=x>; rel=\"next\""])
            }
            registry.serve(
                LyingRegistry.Resource(
                    SignedImages.list([signed.entry(signed.signature)]), headers: ["Content-Type": type]), at: path)
            let contents = try await scene.workshop.make(try scene.specification())
            #expect(referrers(contents) == scene.expected.union([more.digest]))
        }
    }
}
