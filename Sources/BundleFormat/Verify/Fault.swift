public import OCI
public import StrictJSON

/// One thing that is wrong with a bundle.
public struct Fault: Hashable, Sendable, CustomStringConvertible {
    /// What kind of thing.
    public enum Kind: String, Sendable {
        /// A signature in a trusted key's name that is not valid.
        case signature
        /// A file that should be there is not.
        case missing
        /// A file that should not be there is.
        case extra
        /// A link, folder or device where a file should be.
        case notAFile = "not-a-file"
        /// A file of the wrong size.
        case size
        /// A file whose bytes are not those of its digest.
        case digest
        /// A file whose contents break the format, or contradict another.
        case content
        /// A frame whose bytes are not those of its digest, or that cannot be decompressed.
        case frame
        /// A stream that does not come out as its digest.
        case stream
        /// A blob that is not made of its stream as its encoding says.
        case blob
        /// A layer whose tar is not that of its diffID.
        case diffID
    }

    /// What kind of thing.
    public let kind: Kind
    /// The file, relative to the bundle.
    public let path: String?
    /// The number of the pack.
    public let pack: Int?
    /// The number of the frame.
    public let frame: Int?
    /// The digests of the layers that cannot be made any more.
    public var layers: [Digest]
    /// The references of the images that cannot be loaded any more.
    public var images: [String]
    /// What was found.
    public let message: String

    /// A fault of its parts.
    public init(
        _ kind: Kind, path: String? = nil, pack: Int? = nil, frame: Int? = nil, layers: [Digest] = [],
        images: [String] = [], _ message: String
    ) {
        self.kind = kind
        self.path = path
        self.pack = pack
        self.frame = frame
        self.layers = layers
        self.images = images
        self.message = message
    }

    /// One line for people.
    public var description: String {
        var parts = ["\(kind.rawValue):"]
        if let path { parts.append(path) }
        parts.append(message)
        if !images.isEmpty { parts.append("(affects \(images.joined(separator: ", ")))") }
        return parts.joined(separator: " ")
    }

    /// As in the report of `bundle verify --json`.
    public var json: JSONValue {
        .object([
            "frame": frame.map { .integer(Int64($0)) },
            "images": .strings(images),
            "kind": .string(kind.rawValue),
            "layers": .strings(layers.map(\.description)),
            "message": .string(message),
            "pack": pack.map { .integer(Int64($0)) },
            "path": path.map(JSONValue.string),
        ])
    }
}
