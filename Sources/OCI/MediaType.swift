/// A media type of a document or blob.
///
/// Spec: image-spec v1.1 media-types.md; Docker Image Manifest V 2, Schema 2.
public struct MediaType: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The type as written, without parameters.
    public let rawValue: String

    /// Any media type.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The type as written.
    public var description: String { rawValue }

    /// OCI image index.
    public static let ociIndex = MediaType(rawValue: "application/vnd.oci.image.index.v1+json")
    /// OCI image manifest.
    public static let ociManifest = MediaType(rawValue: "application/vnd.oci.image.manifest.v1+json")
    /// OCI image config.
    public static let ociConfig = MediaType(rawValue: "application/vnd.oci.image.config.v1+json")
    /// OCI layer, uncompressed tar.
    public static let ociLayer = MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar")
    /// OCI layer, gzip.
    public static let ociLayerGzip = MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar+gzip")
    /// OCI layer, zstd.
    public static let ociLayerZstd = MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar+zstd")
    /// Docker manifest list.
    public static let dockerIndex = MediaType(rawValue: "application/vnd.docker.distribution.manifest.list.v2+json")
    /// Docker schema 2 manifest.
    public static let dockerManifest = MediaType(rawValue: "application/vnd.docker.distribution.manifest.v2+json")
    /// Docker image config.
    public static let dockerConfig = MediaType(rawValue: "application/vnd.docker.container.image.v1+json")
    /// Docker layer, uncompressed tar.
    public static let dockerLayer = MediaType(rawValue: "application/vnd.docker.image.rootfs.diff.tar")
    /// Docker layer, gzip.
    public static let dockerLayerGzip = MediaType(rawValue: "application/vnd.docker.image.rootfs.diff.tar.gzip")

    /// Whether it names an image index or manifest list.
    public var isIndex: Bool { self == .ociIndex || self == .dockerIndex }

    /// Whether it names an image manifest.
    public var isManifest: Bool { self == .ociManifest || self == .dockerManifest }

    /// Whether it names the config of a container image, as against that of an artifact.
    public var isImageConfig: Bool { self == .ociConfig || self == .dockerConfig }

    /// How a layer of this type is compressed; nil for what is not a layer of files.
    public var layerCompression: LayerCompression? {
        switch rawValue {
        case Self.ociLayer.rawValue, Self.dockerLayer.rawValue,
            "application/vnd.oci.image.layer.nondistributable.v1.tar":
            LayerCompression.uncompressed
        case Self.ociLayerGzip.rawValue, Self.dockerLayerGzip.rawValue,
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip":
            .gzip
        case Self.ociLayerZstd.rawValue, "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
            "application/vnd.docker.image.rootfs.diff.tar.zstd":
            .zstd
        default: nil
        }
    }
}

/// How a layer's blob holds its tar.
public enum LayerCompression: Sendable {
    /// The blob is the tar.
    case uncompressed
    /// One or more gzip members (RFC 1952).
    case gzip
    /// Zstandard frames (RFC 8878).
    case zstd
}
