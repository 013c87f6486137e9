/// What a file of a configuration becomes.
public struct FileChange: Sendable {
    /// What happens to it.
    public enum Kind: String, Sendable {
        /// It is made, or gets other contents.
        case written
        /// It goes, since nothing else stood in it.
        case removed
        /// It is as wanted.
        case unchanged
    }

    /// What happens to it.
    public let kind: Kind
    /// Beneath the root, as `etc/docker/daemon.json`.
    public var path: String { "etc/" + name }
    /// Beneath `etc`.
    let name: String
    /// Empty where it goes.
    let contents: [UInt8]
    /// Whether nobody but its owner may read it.
    let isSecret: Bool
    /// Whether its folder goes with it, once nothing else lies there.
    let takesFolder: Bool
}
