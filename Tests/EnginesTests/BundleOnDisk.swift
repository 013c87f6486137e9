import BundleBuilder
import BundleFormat
import BundleSpec
import Console
import Cryptography
import Engines
import OCI
import TestSupport

/// A real bundle of images made in code, read as a loader reads it.
struct BundleOnDisk: Sendable {
    /// Holds the image layout, the cache of the build, and the bundle; tests may put their own things in it.
    let directory: TemporaryDirectory
    let files: BundleFiles
    let manifest: BundleManifest

    /// Builds the bundle of a set's named documents.
    ///
    /// `names` gives the names on the target of what has a tag in the set, and `settings` further lines of its entry in the
    /// spec, such as `tags: move`.
    init(
        _ images: ImageSet, platforms: String = "linux/amd64",
        names: (String) -> [String] = { ["registry.example.com/local/\($0):1"] },
        settings: (String) -> [String] = { _ in [] }
    ) async throws {
        directory = try TemporaryDirectory()
        try images.write(to: directory.path("layout"))
        let entries = images.names.map { name in
            (["  - image: oci-layout:./layout@\(name.tag)", "    as: [\(names(name.tag).joined(separator: ", "))]"]
                + settings(name.tag).map { "    " + $0 }).joined(separator: "\n")
        }
        let specification = try Specification.parse(
            yaml: "product: test\nversion: 1\nplatforms: [\(platforms)]\nimages:\n"
                + entries.joined(separator: "\n") + "\n",
            fileName: "test.yaml", directory: directory.path)
        let key = try PrivateKey.generate(.ed25519)
        let build = Build(
            specification: specification,
            options: BuildOptions(output: directory.path("bundle"), keys: [key], level: 3, jobs: 2, environment: [:]),
            cache: try BuildCache(path: directory.path("cache")), progress: .none)
        _ = try await build.run(try await Build.lock(specification, environment: [:]))
        files = try BundleFiles(path: directory.path("bundle"))
        let trust = try TrustPolicy(keys: [key.publicKey])
        manifest = try files.manifest(try files.statement(trust: trust).statement)
    }

    /// A new reader, which has nothing in its cache.
    var reader: LayerReader { LayerReader(files: files, manifest: manifest) }

    /// All images in loading order; without a platform, all of each that are in the bundle.
    func images(for platform: Platform? = nil) throws -> [TargetImage] {
        try manifest.images.map { try target($0, platform) }
    }

    /// The image that has a tag in the set that the bundle was made of.
    func image(_ tag: String, for platform: Platform? = nil) throws -> TargetImage {
        guard let image = manifest.images.first(where: { $0.reference.hasSuffix("@" + tag) }) else {
            throw BundleError(.notFound, "the bundle has no image '\(tag)'")
        }
        return try target(image, platform)
    }

    private func target(_ image: BundleImage, _ platform: Platform?) throws -> TargetImage {
        var instances = try image.manifests.map { try instance(document($0)) }
        if let platform {
            let ranked = instances.compactMap { instance in
                instance.platform?.rank(for: platform).map { ($0, instance) }
            }
            instances = ranked.min { $0.0 < $1.0 }.map { [$0.1] } ?? instances.filter { $0.platform == nil }
        }
        return TargetImage(image: image, root: try document(image.root), instances: instances)
    }

    private func instance(_ document: TargetImage.Document) throws -> TargetImage.Instance {
        let type = document.descriptor.mediaType
        guard case .manifest(let parsed) = try ImageDocument(parsing: document.bytes, mediaType: type) else {
            throw BundleError(.damaged, "\(document.descriptor.digest) is an index")
        }
        let config = try self.document(parsed.config.digest)
        let image = parsed.config.mediaType.isImageConfig ? try ImageConfig(parsing: config.bytes) : nil
        return TargetImage.Instance(
            manifest: document, config: config, platform: image?.platform, diffIDs: image?.diffIDs ?? [],
            layers: parsed.layers.compactMap { manifest.layer($0.digest) })
    }

    private func document(_ digest: Digest) throws -> TargetImage.Document {
        guard let descriptor = manifest.documents.first(where: { $0.digest == digest }) else {
            throw BundleError(.damaged, "the bundle has no document \(digest)")
        }
        return TargetImage.Document(descriptor: descriptor, bytes: try files.document(descriptor))
    }
}
