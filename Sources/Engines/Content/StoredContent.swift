import BundleFormat
import OCI

/// What a store holds that keeps images as registries know them.
struct StoredContent: Sendable {
    /// What each name stands for: the digest of an index or a manifest.
    var names: [String: Digest] = [:]
    /// The names whose image is whole, so that a container of it would start.
    var ready: Set<String> = []
    /// The blobs that need not be sent.
    var blobs: Set<Digest> = []
    /// Whether these are all; else the store may have others, and leaves them as they are when they are sent again.
    var knowsAllBlobs = true
    /// The chains that are unpacked.
    var chains: Set<ChainID> = []
}

extension TargetImage {
    /// The names that hold an image by its digest, one for each repository that it is named in.
    ///
    /// Cluster manifests that are pinned to a digest find the image by them, whatever becomes of its tags.
    public var digestNames: [String] {
        var seen: Set<String> = []
        return image.names.map { $0.name + "@" + root.descriptor.digest.description }.filter {
            seen.insert($0).inserted
        }
    }
}

extension LoadStep {
    /// The names that are to be set, as stores spell them that keep images as registries know them.
    public var contentNames: [String] {
        names.filter { $0.action == .set && $0.reference.tag != nil }.map(\.reference.withoutDigest.description)
            + image.digestNames
    }

    /// The names that must stand for the image afterwards.
    var confirmedNames: [String] {
        names.filter { ($0.action == .set || $0.action == .present) && $0.reference.tag != nil }
            .map(\.reference.withoutDigest.description) + image.digestNames
    }
}
