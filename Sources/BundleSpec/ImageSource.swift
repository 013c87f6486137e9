public import OCI

/// Where an image comes from; paths are absolute.
///
/// docs/spec.md describes how each is written.
public enum ImageSource: Sendable, Equatable {
    /// A registry.
    case registry(Reference)
    /// An OCI image layout: its folder, and the image's `org.opencontainers.image.ref.name`.
    ///
    /// Without a name the layout must hold one image only.
    case layout(path: String, reference: String?)
    /// An OCI image layout in a tar, named in the same way.
    case ociArchive(path: String, reference: String?)
    /// What `docker save` writes, and one of its names; without one it must hold one image only.
    case dockerArchive(path: String, reference: Reference?)
    /// An image of a docker daemon, by name.
    case dockerDaemon(Reference)
    /// An image of a docker daemon, by its ID.
    case dockerImage(Digest)
    /// An image of another bundle, by reference or name.
    case bundle(path: String, reference: Reference)

    /// The name that the image brings along; nil when it needs one.
    public var name: Reference? {
        switch self {
        case .registry(let reference), .dockerDaemon(let reference), .bundle(_, let reference):
            reference.withoutDigest
        case .dockerArchive(_, let reference): reference
        case .layout, .ociArchive, .dockerImage: nil
        }
    }

    /// What the texts of sources other than registries start with.
    public static let prefixes = ["oci-layout:", "oci-archive:", "docker-archive:", "docker-daemon:", "bundle:"]
}
