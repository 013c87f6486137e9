public import OCI

/// Where an image comes from.
public enum ImageSource: Sendable, Equatable {
    /// A registry.
    case registry(Reference)
    /// An OCI image layout: its folder as an absolute path, and the image's `org.opencontainers.image.ref.name`.
    ///
    /// Without a name the layout must hold one image only.
    case layout(path: String, reference: String?)
}
