public import OCI

/// What an export becomes.
public enum ExportFormat: String, Sendable, CaseIterable {
    /// A tar for `docker load`.
    case dockerArchive = "docker-archive"
    /// An image layout as a tar.
    case ociArchive = "oci-archive"
    /// An image layout as a directory.
    case ociLayout = "oci-layout"
    /// A directory of tars, as k3s and RKE2 import them.
    case k3s

    /// Whether it holds images of one platform only.
    public var isOfOnePlatform: Bool { self == .dockerArchive || self == .k3s }
}

/// How images are exported.
public struct ExportOptions: Sendable {
    /// What the export becomes.
    public var format: ExportFormat
    /// What images must be for, where the format is of one platform; others hold all platforms.
    public var platform: Platform
    /// Whether each image gets a tar of its own in a directory; docker's archives only.
    public var isSplit = false
    /// How many tasks make a blob; at least 1.
    public var jobs = 1

    /// Options for a format; everything else has its default.
    public init(_ format: ExportFormat, platform: Platform) {
        self.format = format
        self.platform = platform
    }
}
