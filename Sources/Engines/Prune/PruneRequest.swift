public import OCI

/// An image that loads of this program brought into a target.
public struct BroughtImage: Sendable, Hashable {
    /// The reference in its bundle, for people.
    public let reference: String
    /// The digest that the target knows it by.
    public let id: Digest
    /// The names that loads gave it: those with tags, and `repository@digest` for each of its repositories.
    public let names: Set<String>

    /// An image of its parts.
    public init(reference: String, id: Digest, names: Set<String>) {
        self.reference = reference
        self.id = id
        self.names = names
    }
}

/// What may leave a target, and what must stay.
///
/// Spec: docs/loading.md section 10.1.
public struct PruneRequest: Sendable {
    /// What was brought, in the order in which it is looked at.
    public var brought: [BroughtImage]
    /// Indexes, manifests and configs of images that stay.
    public let keptIDs: Set<Digest>
    /// The names of images that stay, as `Reference` spells them.
    public let keptNames: Set<String>

    /// A request of its parts.
    public init(brought: [BroughtImage], keptIDs: Set<Digest>, keptNames: Set<String>) {
        self.brought = brought
        self.keptIDs = keptIDs
        self.keptNames = keptNames
    }
}

/// What becomes of an image that was brought, or has become of it.
public struct PruneStep: Sendable {
    /// What becomes of an image.
    public enum Result: String, Sendable {
        /// It goes with all its names.
        case remove
        /// It stays under a name that somebody else gave it, and gives up its others.
        case unname
        /// It stays.
        case keep
        /// It stays since a container, or an image built upon it, uses it.
        case inUse = "in-use"
        /// It is not there any more.
        case absent
    }

    /// The image.
    public let image: BroughtImage
    /// What becomes of it.
    public let result: Result
    /// The names that go.
    public let names: [String]
    /// Why it stays, and what to do where something can be done.
    public let reason: String?
    /// What becomes free at least; nil where the target does not tell.
    public let bytes: Int64?

    /// A step of its parts.
    public init(
        _ image: BroughtImage, _ result: Result, names: [String] = [], reason: String? = nil, bytes: Int64? = nil
    ) {
        self.image = image
        self.result = result
        self.names = names
        self.reason = reason
        self.bytes = bytes
    }

    /// Whether something is removed.
    public var isRemoval: Bool { result == .remove || result == .unname }

    /// An image that stays since it is current.
    static func current(_ image: BroughtImage) -> PruneStep {
        PruneStep(image, .keep, reason: "a current bundle has it")
    }

    /// An image that stays since a current bundle's name still points to it.
    static func awaited(_ image: BroughtImage, by name: String) -> PruneStep {
        PruneStep(
            image, .keep, reason: "\(name), a name of a current bundle, points to it; load that bundle to move the name"
        )
    }
}
