/// What `firstboot.env` and the environment say.
///
/// Spec: docs/loading.md section 2.
public struct FirstBootConfiguration: Sendable, Equatable {
    /// Where it lies unless told otherwise; it may be absent there.
    public static let defaultPath = "/etc/bundle/firstboot.env"

    /// Whether anything is done at all.
    public let loadImage: Bool
    /// Where the bundle lies; there when `loadImage` is true.
    public let source: BundleSource?
    /// What gets the images; there when `loadImage` is true.
    public let target: LoadTarget?
    /// The directory of trusted keys and policy.
    public let trustDirectory: String
    /// The groups of this host.
    public let groups: Set<String>
    /// What must survive a reboot.
    public let stateDirectory: String
    /// Where ready markers appear.
    public let readyDirectory: String
    /// How long medium, engine and another loader are waited for, each.
    public let wait: Duration

    /// Parses the bytes of the file of this path; the same names in the environment win.
    ///
    /// - Throws: `LoadError` with code `configuration` and the number of the line, or the variable.
    public init(parsing bytes: [UInt8], path: String, environment: [String: String] = [:]) throws(LoadError) {
        let settings = try FirstBootSettings(parsing: bytes, path: path, environment: environment)
        loadImage = try settings.choice(.loadImage, ["false", "true"]) == "true"
        source = try settings.source()
        target = try settings.target()
        trustDirectory = try settings.path(.trustDirectory) ?? "/etc/bundle/trust.d"
        groups = try settings.groups()
        stateDirectory = try settings.path(.stateDirectory) ?? "/var/lib/bundle"
        readyDirectory = try settings.path(.readyDirectory) ?? "/run/bundle/ready"
        wait = try settings.wait()
        guard loadImage else { return }
        if source == nil { throw settings.missing(.bundlePath, "the bundle's directory or LABEL=NAME of its medium") }
        if target == nil { throw settings.missing(.targetPath, "the registry's root directory") }
    }
}
