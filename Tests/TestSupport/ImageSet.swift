import Cryptography
import Foundation
public import OCI
import StrictJSON

/// Images with their blobs, as an OCI image layout holds them.
public struct ImageSet: Sendable {
    /// A document that has a name.
    public struct Name: Sendable {
        /// The name, which is a tag in a registry.
        public let tag: String
        /// What it names: a manifest or an index.
        public let descriptor: Descriptor
    }

    /// Everything, by digest: layers, configs, manifests, indexes.
    public private(set) var blobs: [Digest: [UInt8]] = [:]
    /// The named documents, in the order they were added.
    public private(set) var names: [Name] = []

    /// An empty set.
    public init() {}

    /// Adds bytes and gives what names them.
    @discardableResult
    public mutating func add(_ bytes: [UInt8], mediaType: MediaType) -> Descriptor {
        let digest = SHA256Hasher.digest(of: bytes)
        blobs[digest] = bytes
        return Descriptor(mediaType: mediaType, digest: digest, size: Int64(bytes.count))
    }

    /// Adds an image with all that belongs to it, under a name or, as a part of an index, without.
    @discardableResult
    public mutating func add(_ image: ImageFixture, tag: String? = nil) -> Descriptor {
        for layer in image.layers { blobs[layer.digest] = layer.blob }
        blobs[image.imageID] = image.config
        blobs[image.descriptor.digest] = image.manifest
        if let tag { name(image.descriptor, tag: tag) }
        return image.descriptor
    }

    /// Adds an index of manifests that are in the set, under a name.
    @discardableResult
    public mutating func addIndex(_ manifests: [Descriptor], mediaType: MediaType = .ociIndex, tag: String)
        -> Descriptor
    {
        let bytes = JSONWriter.canonical(
            .object([
                "schemaVersion": .integer(2), "mediaType": .string(mediaType.rawValue),
                "manifests": .array(manifests.map(\.json)),
            ]))
        let descriptor = add(bytes, mediaType: mediaType)
        name(descriptor, tag: tag)
        return descriptor
    }

    /// Adds an artifact without files, as a signature or an SBOM, and gives what names its manifest.
    @discardableResult
    public mutating func addArtifact(
        type: String, content: [UInt8], subject: Descriptor? = nil, annotations: [String: String] = [:],
        tag: String? = nil
    ) -> Descriptor {
        let config = add(Array("{}".utf8), mediaType: MediaType(rawValue: "application/vnd.oci.empty.v1+json"))
        let layer = add(content, mediaType: MediaType(rawValue: type))
        let manifest = ImageFixture.manifest(
            config: config, layers: [layer], artifactType: type, subject: subject, annotations: annotations)
        let descriptor = add(manifest, mediaType: .ociManifest)
        if let tag { name(descriptor, tag: tag) }
        return descriptor
    }

    /// Gives a document of the set a name.
    public mutating func name(_ descriptor: Descriptor, tag: String) {
        names.append(Name(tag: tag, descriptor: descriptor))
    }

    /// What a name stands for; nil when the set has no such name.
    public func descriptor(tag: String) -> Descriptor? { names.first { $0.tag == tag }?.descriptor }

    /// Writes an OCI image layout into a directory, which may be there already.
    public func write(to directory: String) throws {
        let root = URL(fileURLWithPath: directory)
        let folder = root.appendingPathComponent("blobs/sha256")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (digest, bytes) in blobs { try Data(bytes).write(to: folder.appendingPathComponent(digest.hex)) }
        let manifests = names.map { name in
            Descriptor(
                mediaType: name.descriptor.mediaType, digest: name.descriptor.digest, size: name.descriptor.size,
                platform: name.descriptor.platform,
                annotations: name.descriptor.annotations.merging(
                    ["org.opencontainers.image.ref.name": name.tag]) { $1 })
        }
        let index = JSONWriter.canonical(
            .object([
                "schemaVersion": .integer(2), "mediaType": .string(MediaType.ociIndex.rawValue),
                "manifests": .array(manifests.map(\.json)),
            ]))
        try Data(index).write(to: root.appendingPathComponent("index.json"))
        try Data("{\"imageLayoutVersion\":\"1.0.0\"}".utf8).write(to: root.appendingPathComponent("oci-layout"))
    }
}
