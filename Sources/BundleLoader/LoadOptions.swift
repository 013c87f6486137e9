public import OCI

/// What is loaded from where to where.
public struct LoadOptions: Sendable {
    /// Where the bundle lies.
    public var source: BundleSource
    /// Whose signatures count, and what else is demanded.
    public var trust: TrustStore
    /// Where the images go.
    public var target: LoadTarget
    /// The groups that this host belongs to.
    public var groups: Set<String> = []
    /// Only these images, by reference or name; empty for all that the groups allow.
    public var images: [Reference] = []
    /// The directory that survives reboots.
    public var statePath: String
    /// Where ready markers appear; nil for none.
    public var readyPath: String?
    /// How long medium, engine and another loader are waited for, each.
    public var wait: Duration = .seconds(120)
    /// How many cores work.
    public var jobs = 1
    /// Plan only: load nothing, and write no receipt.
    public var isDryRun = false

    /// Options with what has no default.
    public init(source: BundleSource, trust: TrustStore, target: LoadTarget, statePath: String) {
        self.source = source
        self.trust = trust
        self.target = target
        self.statePath = statePath
    }
}
