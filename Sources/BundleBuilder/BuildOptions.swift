public import BundleFormat
public import Cryptography
public import Registry

/// How a bundle is built, beside what its spec says.
public struct BuildOptions: Sendable {
    /// The directory that becomes the bundle.
    public var output: String
    /// Who signs.
    public var keys: [PrivateKey]
    /// The zstd level, 1 to 22.
    public var level: Int
    /// How many cores compress; so many layers are pulled at a time, and at least 4.
    public var jobs: Int
    /// The size at which the next pack starts, in bytes.
    public var packSize: Int64
    /// The time that the bundle carries; nil for that of its newest image.
    public var created: Timestamp?
    /// Where credentials, docker's configuration and proxies are found.
    public var environment: [String: String]
    /// How often and how soon a failed request is made again.
    public var retry: RetryPolicy

    /// Options of their parts.
    public init(
        output: String, keys: [PrivateKey], level: Int, jobs: Int, packSize: Int64 = BundleLayout.defaultPackSize,
        created: Timestamp? = nil, environment: [String: String], retry: RetryPolicy = RetryPolicy()
    ) {
        self.output = output
        self.keys = keys
        self.level = level
        self.jobs = jobs
        self.packSize = packSize
        self.created = created
        self.environment = environment
        self.retry = retry
    }
}

/// What a build did.
public struct BuildResult: Sendable {
    /// The statement that was signed.
    public let statement: Statement
    /// How many images the bundle holds.
    public let imageCount: Int
    /// How many signatures, attestations and SBOMs of these it holds beside them.
    public let referrerCount: Int
    /// The bundle's sizes, as its inventory has them.
    public let sizes: BundleInventory.Sizes
}
