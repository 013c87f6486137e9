/// The identity of a stack of layers: of its lowest diffID alone, or of the chain beneath and one diffID more.
///
/// Spec: image-spec v1.1 config.md § Layer ChainID.
public struct ChainID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The SHA-256 that names the chain.
    public let digest: Digest

    /// Marks a digest as one of a chain.
    public init(_ digest: Digest) { self.digest = digest }

    /// The full spelling.
    public var description: String { digest.description }

    /// The order of the digests.
    public static func < (left: ChainID, right: ChainID) -> Bool { left.digest < right.digest }
}
