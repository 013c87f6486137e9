public import OCI

/// What a bundle is to hold, as people declare it in YAML.
///
/// docs/spec.md describes every key.
public struct Specification: Sendable, Equatable {
    /// What the bundle is a release of.
    public let product: String
    /// The line of releases, `stable` by default.
    public let channel: String
    /// The number that rollback protection compares, 1 to 10^12 - 1.
    public let version: Int64
    /// For which platforms images are taken, in the order of the spec.
    public let platforms: [Platform]
    /// Whether what points to images comes along, where an image does not say itself.
    public let referrers: ImageEntry.Referrers
    /// How to reach registries, by `host[:port]`.
    public let registries: [String: RegistrySettings]
    /// Public keys, or folders of them, one of which must have signed each bundle that images are taken from.
    public let trust: [String]
    /// The images, in the order of the spec.
    public let images: [ImageEntry]
    /// The folder of the spec file, to which relative paths in it belong.
    public let directory: String

    /// A specification of its parts, for images that are named without a file.
    public init(
        product: String, channel: String = "stable", version: Int64, platforms: [Platform] = [.host],
        referrers: ImageEntry.Referrers = .all, registries: [String: RegistrySettings] = [:], trust: [String] = [],
        images: [ImageEntry], directory: String = "."
    ) {
        self.product = product
        self.channel = channel
        self.version = version
        self.platforms = platforms
        self.referrers = referrers
        self.registries = registries
        self.trust = trust
        self.images = images
        self.directory = directory
    }

    /// The largest version, which leaves room for dates such as 20261121.
    public static let maximumVersion: Int64 = 999_999_999_999

    /// Reads the spec at a path; blocks while reading, at most 1 MiB.
    ///
    /// - Parameters:
    ///   - path: the YAML file; its folder is what relative paths in it belong to.
    ///   - overrides: values of variables that win over everything (`--set`).
    ///   - environment: values of variables that win over the spec's own.
    /// - Returns: the specification, with every variable filled in.
    /// - Throws: `SpecError` with code `unreadable`, or as `parse`.
    public static func load(
        path: String, overrides: [String: String] = [:], environment: [String: String] = [:]
    ) throws(SpecError) -> Specification {
        let bytes = try SourceText.read(path: path)
        return try parse(
            bytes: bytes, fileName: path, directory: SourceText.directory(of: path), overrides: overrides,
            environment: environment)
    }

    /// Reads a spec from text; touches no file.
    ///
    /// - Parameters:
    ///   - yaml: the text, at most 1 MiB.
    ///   - fileName: what messages call it.
    ///   - directory: the folder to which relative paths belong, taken as it is.
    ///   - overrides: values of variables that win over everything (`--set`).
    ///   - environment: values of variables that win over the spec's own.
    /// - Returns: the specification, with every variable filled in.
    /// - Throws: `SpecError` with any code but `unreadable` and `lock`, with line and column.
    public static func parse(
        yaml: String, fileName: String, directory: String, overrides: [String: String] = [:],
        environment: [String: String] = [:]
    ) throws(SpecError) -> Specification {
        try parse(
            bytes: Array(yaml.utf8), fileName: fileName, directory: directory, overrides: overrides,
            environment: environment)
    }

    private static func parse(
        bytes: [UInt8], fileName: String, directory: String, overrides: [String: String],
        environment: [String: String]
    ) throws(SpecError) -> Specification {
        let source = try SourceText(bytes: bytes, fileName: fileName)
        let document = try YAMLDocument(source)
        var reader = SpecificationReader(
            directory: directory,
            values: ValueReader(
                fileName: fileName,
                interpolator: Interpolator(fileName: fileName, overrides: overrides, environment: environment)))
        return try reader.read(document.root)
    }
}

extension Platform {
    /// Linux on the processor that this program was built for.
    public static var host: Platform {
        #if arch(arm64)
            Platform(os: "linux", architecture: "arm64")
        #else
            Platform(os: "linux", architecture: "amd64")
        #endif
    }
}
