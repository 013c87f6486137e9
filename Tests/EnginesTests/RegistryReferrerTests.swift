import BundleFormat
import Engines
import Foundation
import OCI
import StrictJSON
import TestSupport
import Testing

/// The lists of referrers in a registry's directory: written beside those of others, and removed with what they list.
@Suite struct RegistryReferrerTests {
    private let signed: SignedImages
    private let bundle: BundleOnDisk
    private let scene: RegistryDirectoryScene
    private let images: [TargetImage]

    init() async throws {
        signed = try await SignedImages()
        var images = ImageSet()
        for (digest, bytes) in signed.images.blobs where digest != signed.root.digest {
            images.add(bytes, mediaType: .ociManifest)
        }
        images.add(signed.images.blobs[signed.root.digest] ?? [], mediaType: .ociIndex)
        images.name(signed.root, tag: "app")
        for (number, referrer) in [signed.signature, signed.sbom, signed.armSBOM].enumerated() {
            images.name(referrer, tag: "referrer-\(number)")
        }
        bundle = try await BundleOnDisk(
            images, platforms: "linux/amd64, linux/arm64",
            names: { tag in ["registry.example.com/local/" + (tag == "app" ? "app:1" : "app:" + tag)] },
            settings: { $0 == "app" ? [] : ["referrers: none"] })
        scene = try RegistryDirectoryScene()
        self.images = try bundle.images()
    }

    private func link(_ tag: String) -> String {
        RegistryDirectoryScene.repository("local/app/_manifests/tags/\(tag)/current/link")
    }

    private func list(of subject: Digest) throws -> (digest: Digest, entries: [String]) {
        let digest = try Digest(
            parsing: String(decoding: scene.read(link(ReferrerTag.list(of: subject))), as: UTF8.self))
        let node = try JSONNode(parsing: try scene.read(RegistryDirectoryScene.blob(digest)))
        return (digest, try node.member("manifests").elements().map { try $0.member("digest").string() })
    }

    /// Puts a list of somebody else where the loader is going to write.
    private func writeList(_ entries: [JSONValue], mediaType: MediaType = .ociIndex, of subject: Digest) throws
        -> Digest
    {
        var other = ImageSet()
        let document = other.add(SignedImages.list(entries), mediaType: mediaType)
        try scene.write(SignedImages.list(entries), to: RegistryDirectoryScene.blob(document.digest))
        let text = Array(document.digest.description.utf8)
        try scene.write(text, to: link(ReferrerTag.list(of: subject)))
        try scene.write(
            text,
            to: RegistryDirectoryScene.repository("local/app/_manifests/revisions/sha256/\(document.digest.hex)/link"))
        return document.digest
    }

    @Test func `a list keeps what others put there, and is written once`() async throws {
        let own = try #require(Digest(hex: String(repeating: "7", count: 64)))
        let entry = Descriptor(mediaType: .ociManifest, digest: own, size: 7).json
        let before = try writeList([entry], of: signed.root.digest)
        try await scene.seed(bundle)
        let list = try list(of: signed.root.digest)
        #expect(list.entries == [own.description, signed.signature.digest.description] && list.digest != before)
        #expect(try self.list(of: signed.amd64.digest).entries == [signed.sbom.digest.description])
        let tree = try scene.tree()
        let again = try await scene.seed(bundle)
        #expect(again.plan.steps.allSatisfy(\.isPresent) && again.sent == 0)
        #expect(try scene.tree() == tree)
        // Of a list that was lost only the list comes again.
        try scene.remove(link(ReferrerTag.list(of: signed.amd64.digest)))
        let third = try await scene.seed(bundle)
        // By its own name, and as what comes along with the image.
        #expect(Set(third.plan.steps.filter { !$0.isPresent }.map(\.imageID)) == [signed.sbom.digest])
        #expect(try scene.tree().keys == tree.keys)
    }

    @Test func `a tag that is no list stops the load before anything is written`() async throws {
        try scene.write(Array(signed.root.digest.description.utf8), to: link(ReferrerTag.list(of: signed.root.digest)))
        try scene.write(
            signed.images.blobs[signed.amd64.digest] ?? [], to: RegistryDirectoryScene.blob(signed.root.digest))
        let before = try scene.tree()
        await #expect(throws: EngineError(.refused, "")) { try await scene.seed(bundle) }
        #expect(try scene.tree() == before)
    }

    @Test func `lists go with all that they list, also where a removal was cut off`() async throws {
        try await scene.seed(bundle)
        let engine = try scene.engine()
        let request = PruneRequest(images, in: engine)
        // What a removal leaves that ends between tags and manifests.
        try scene.remove(
            RegistryDirectoryScene.repository(
                "local/app/_manifests/tags/" + ReferrerTag.list(of: signed.root.digest)))
        #expect(try await engine.prune(request).allSatisfy { $0.result == .remove })
        #expect(try scene.blobs().isEmpty && !scene.tree().keys.contains { $0.contains("local") })
    }

    @Test func `a list that names what stays keeps its tag and all that it names`() async throws {
        try await scene.seed(bundle)
        let own = signed.armSBOM
        // Somebody lists another document as pointing to the index.
        let mixed = try writeList(
            [
                signed.entry(signed.signature),
                Descriptor(mediaType: .ociManifest, digest: signed.attestation.digest, size: signed.attestation.size)
                    .json,
            ],
            of: signed.root.digest)
        let engine = try scene.engine()
        let going = images.filter { $0.root.descriptor.digest != own.digest }
        let kept = images.filter { $0.root.descriptor.digest == own.digest }
        let steps = try await engine.prune(PruneRequest(going, keeping: kept, in: engine))
        let results = Dictionary(steps.map { ($0.image.id, $0.result) }, uniquingKeysWith: { first, _ in first })
        #expect(results[signed.root.digest] == .remove && results[signed.sbom.digest] == .remove)
        #expect(results[signed.signature.digest] == .unname)
        #expect(try list(of: signed.root.digest).digest == mixed)
        #expect(try scene.blobs().contains(RegistryDirectoryScene.blob(signed.signature.digest)))
        // What a current bundle has keeps its list.
        #expect(try list(of: signed.arm64.digest).entries == [own.digest.description])
        #expect(throws: (any Error).self) { try list(of: signed.amd64.digest) }
    }
}
