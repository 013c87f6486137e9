import Cryptography
public import OCI
import StrictJSON

/// One image, made in code: layers, config and manifest.
public struct ImageFixture: Sendable {
    /// Whose media types it has.
    public enum Format: Sendable {
        /// Those of the OCI image specification.
        case oci
        /// Those of docker's schema 2.
        case docker
    }

    /// The layers, lowest first.
    public let layers: [LayerFixture]
    /// The bytes of the config.
    public let config: [UInt8]
    /// The bytes of the manifest.
    public let manifest: [UInt8]
    /// What names the manifest, with the image's platform.
    public let descriptor: Descriptor

    /// An image of layers.
    ///
    /// - Parameters:
    ///   - layers: The layers, lowest first.
    ///   - format: Whose media types it has.
    ///   - platform: What it runs on.
    ///   - created: The date in the config.
    ///   - labels: Labels in the config, so that images of the same layers differ.
    ///   - entrypoint: What runs before the arguments; none for `/bin/true` or what is said instead.
    public init(
        _ layers: [LayerFixture], format: Format = .oci,
        platform: Platform = Platform(os: "linux", architecture: "amd64"),
        created: String = "2024-01-02T03:04:05Z", labels: [String: String] = [:],
        entrypoint: [String] = []
    ) {
        self.layers = layers
        let members = labels.sorted { $0.key < $1.key }.map { JSONMember(name: $0.key, value: .string($0.value)) }
        config = JSONWriter.canonical(
            .object([
                "architecture": .string(platform.architecture), "os": .string(platform.os),
                "variant": platform.variant.map(JSONValue.string), "created": .string(created),
                "config": .object([
                    "Cmd": .strings(["/bin/true"]),
                    "Entrypoint": entrypoint.isEmpty ? nil : .strings(entrypoint),
                    "Labels": labels.isEmpty ? nil : .object(members),
                ]),
                "history": .array(layers.map { _ in .object(["created": .string(created)]) }),
                "rootfs": .object([
                    "type": .string("layers"), "diff_ids": .strings(layers.map(\.diffID.description)),
                ]),
            ]))
        let isOCI = format == .oci
        let mediaType = isOCI ? MediaType.ociManifest : .dockerManifest
        manifest = Self.manifest(
            mediaType: mediaType,
            config: Descriptor(
                mediaType: isOCI ? .ociConfig : .dockerConfig, digest: SHA256Hasher.digest(of: config),
                size: Int64(config.count)),
            layers: layers.map { $0.descriptor(format) })
        descriptor = Descriptor(
            mediaType: mediaType, digest: SHA256Hasher.digest(of: manifest), size: Int64(manifest.count),
            platform: platform)
    }

    /// The bytes of any manifest.
    ///
    /// - Parameters:
    ///   - mediaType: What the manifest calls itself.
    ///   - config: What names the config.
    ///   - layers: What names the layers.
    ///   - artifactType: What an artifact is; nil for an image.
    ///   - subject: The manifest that this one is about.
    ///   - annotations: What it says of itself.
    /// - Returns: The manifest, in canonical JSON.
    public static func manifest(
        mediaType: MediaType = .ociManifest, config: Descriptor, layers: [Descriptor], artifactType: String? = nil,
        subject: Descriptor? = nil, annotations: [String: String] = [:]
    ) -> [UInt8] {
        let members = annotations.sorted { $0.key < $1.key }
            .map { JSONMember(name: $0.key, value: .string($0.value)) }
        return JSONWriter.canonical(
            .object([
                "schemaVersion": .integer(2), "mediaType": .string(mediaType.rawValue), "config": config.json,
                "layers": .array(layers.map(\.json)), "artifactType": artifactType.map(JSONValue.string),
                "subject": subject?.json, "annotations": members.isEmpty ? nil : .object(members),
            ]))
    }

    /// The image ID: the digest of the config.
    public var imageID: Digest { SHA256Hasher.digest(of: config) }
}
