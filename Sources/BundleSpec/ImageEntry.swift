public import OCI

/// One entry of a spec's `images`.
public struct ImageEntry: Sendable, Equatable {
    /// What happens to a name that points to another image on the target already.
    public enum TagPolicy: String, Sendable, CaseIterable {
        /// The target's name stays where it is.
        case keep
        /// The name moves to the bundle's image.
        case move
        /// Loading fails before anything changes.
        case fail
    }

    /// How the image's layers are stored in the bundle.
    public enum Storage: String, Sendable, CaseIterable {
        /// Deduplicated and compressed anew; every original byte comes back.
        case packed
        /// As the source holds them.
        case original
    }

    /// Whether what points to the image comes along: signatures, attestations and SBOMs.
    public enum Referrers: String, Sendable, CaseIterable {
        /// All of them.
        case all
        /// None.
        case none
    }

    /// Where the image comes from.
    public let source: ImageSource
    /// Further names on the target, each with a tag and without a digest.
    public let additionalNames: [Reference]
    /// The groups of hosts that load the image; empty for every host.
    public let groups: [String]
    /// Which image loads first: 0 to 10000, lower is earlier.
    public let priority: Int
    /// What happens to names that are taken on the target.
    public let tagPolicy: TagPolicy
    /// How layers are stored.
    public let storage: Storage
    /// The image's own list of platforms; nil for the spec's.
    public let platforms: [Platform]?
    /// Whether what points to the image comes along; nil for what the spec says.
    public let referrers: Referrers?
    /// The line of the source in the spec, from 1.
    public let line: Int
    /// The column of the source in the spec, from 1.
    public let column: Int
    /// The source as written, after interpolation: the key of the lock file's entry.
    public let key: String

    /// An entry of its parts.
    public init(
        source: ImageSource, additionalNames: [Reference] = [], groups: [String] = [],
        priority: Int = ImageEntry.defaultPriority, tagPolicy: TagPolicy = .keep, storage: Storage = .packed,
        platforms: [Platform]? = nil, referrers: Referrers? = nil, line: Int = 1, column: Int = 1, key: String
    ) {
        self.source = source
        self.additionalNames = additionalNames
        self.groups = groups
        self.priority = priority
        self.tagPolicy = tagPolicy
        self.storage = storage
        self.platforms = platforms
        self.referrers = referrers
        self.line = line
        self.column = column
        self.key = key
    }

    /// The priority of an image that names none.
    public static let defaultPriority = 100

    /// Every name that the image gets on the target: its own reference, where it has one, then the further names.
    public var names: [Reference] {
        [source.name].compactMap(\.self) + additionalNames
    }
}
