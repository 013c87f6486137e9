/// What is removed from where, and what decides that it stays.
public struct PruneOptions: Sendable {
    /// The directories of the current bundles.
    public var current: [String]
    /// The directories of older bundles that were loaded into the target, whatever the state says.
    public var old: [String] = []
    /// Whose signatures count, and what else is demanded of current bundles.
    public var trust: TrustStore
    /// Where the images are.
    public var target: LoadTarget
    /// The directory that knows what was loaded; it need not be there.
    public var statePath: String
    /// How long engine and a loader are waited for, each.
    public var wait: Duration = .seconds(120)

    /// Options with what has no default.
    public init(current: [String], trust: TrustStore, target: LoadTarget, statePath: String) {
        self.current = current
        self.trust = trust
        self.target = target
        self.statePath = statePath
    }
}
