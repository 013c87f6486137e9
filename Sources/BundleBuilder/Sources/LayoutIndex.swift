import OCI
import StrictJSON

/// The images that an OCI image layout names in its index.json.
///
/// Spec: image-spec v1.1 image-layout.md.
struct LayoutIndex {
    /// Everything that it lists, in its order.
    let manifests: [Descriptor]
    private let place: String

    /// Which image is meant.
    enum Name: Sendable {
        /// The only one.
        case only
        /// The one with this name in an annotation, as it stands there.
        case annotation(String)
        /// The one that engines call so.
        case reference(Reference)
    }

    private static let engineAnnotation = "io.containerd.image.name"
    private static let annotations = [engineAnnotation, "org.opencontainers.image.ref.name"]

    /// Whether the bytes of the file `oci-layout` say that the rest is one.
    static func isMarker(_ bytes: [UInt8]) -> Bool {
        (try? JSONNode(parsing: bytes).member("imageLayoutVersion").string()) == "1.0.0"
    }

    /// From index.json; messages call the layout `place`.
    ///
    /// - Throws: `BuildError` with code `source`, or `OCIError`.
    init(parsing bytes: [UInt8], of place: String) throws {
        guard case .index(let list) = try ImageDocument(parsing: bytes, mediaType: .ociIndex) else {
            throw BuildError(.source, "the index.json of \(place) is no image index")
        }
        manifests = list.manifests
        self.place = place
    }

    /// The index or manifest of an image, without annotations.
    ///
    /// - Throws: `BuildError` with code `notFound` when there is none or more than one.
    func image(_ name: Name) throws(BuildError) -> Descriptor {
        let candidates = manifests.filter { Self.matches($0, name) }
        guard let found = candidates.first, Set(candidates.map(\.digest)).count == 1 else {
            let names = Set(manifests.flatMap { manifest in Self.annotations.compactMap { manifest.annotations[$0] } })
            let wanted =
                switch name {
                case .only: ""
                case .annotation(let text): " named '\(text)'"
                case .reference(let reference): " named '\(reference)'"
                }
            throw BuildError(
                .notFound,
                "\(place) has \(candidates.count) images\(wanted); name one of: \(names.sorted().joined(separator: ", "))"
            )
        }
        return Descriptor(mediaType: found.mediaType, digest: found.digest, size: found.size)
    }

    /// The tags that an entry's annotations give it, with or without the rest of a name.
    static func tags(of manifest: Descriptor) -> Set<String> {
        Set(annotations.compactMap { manifest.annotations[$0]?.split(separator: ":").last.map(String.init) })
    }

    private static func matches(_ manifest: Descriptor, _ name: Name) -> Bool {
        switch name {
        case .only: true
        case .annotation(let text): annotations.contains { manifest.annotations[$0] == text }
        case .reference(let reference):
            manifest.annotations[engineAnnotation].flatMap { try? Reference(parsing: $0) } == reference
        }
    }
}
