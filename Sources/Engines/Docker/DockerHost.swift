import OCI
import StrictJSON

/// A daemon that answers, and what it says of itself.
struct DockerHost: Sendable {
    /// Asks in a version of the API that both sides know.
    let client: DockerClient
    /// What answers.
    let product: Product
    /// As `20.10.24`.
    let version: String
    /// As `overlay2`.
    let driver: String
    /// Where it keeps everything, in its own view of the file system.
    let rootDirectory: String
    /// What it runs.
    let platform: Platform
    /// Whether it keeps images as registries know them, in the store of containerd.
    let hasContainerdStore: Bool
    /// Where its containerd listens, if it says so.
    let containerdSocket: String?
    /// Whether it tells which manifests of an image are whole.
    let listsManifests: Bool
    /// Whether it takes layers that are compressed with zstd.
    let takesZstandard: Bool

    /// What speaks this API.
    enum Product: String {
        case docker
        case podman
    }

    /// Docker 19.03.
    private static let oldest = APIVersion(1, 40)
    /// The latest that this was written for; Docker 28.
    private static let newest = APIVersion(1, 51)

    private static let containerdMark = ["driver-type", "io.containerd.snapshotter.v1"]

    /// Waits until a daemon answers, and at most so long.
    ///
    /// - Parameters:
    ///   - product: What must answer.
    ///   - path: The socket.
    ///   - wait: How long it may be absent, refuse, or not answer.
    ///   - idleLimit: How long it may neither take nor give a byte afterwards.
    ///   - retrying: Called with what was found each time that it is asked again, once a second or more often.
    /// - Returns: The daemon.
    /// - Throws: `EngineError` with code `unreachable` or `unsupported`, or `CancellationError`.
    static func connect(
        _ product: Product, path: String, wait: Duration, idleLimit: Duration, retrying: (EngineError) -> Void
    ) async throws -> DockerHost {
        try await waitForEngine(product.rawValue, wait, retrying: retrying) { patience throws(EngineError) in
            try DockerHost(product, asking: DockerClient(path: path, idleLimit: patience), idleLimit: idleLimit)
        }
    }

    private init(
        _ product: Product, asking first: DockerClient, idleLimit: Duration
    ) throws(EngineError) {
        self.product = product
        let about = try first.get("/version")
        let asked: APIVersion
        let os: String
        let architecture: String
        do throws(JSONError) {
            guard let about else { throw JSONError(.missing, "it knows no /version") }
            version = String(daemon: try about.member("Version").string())
            let latest = APIVersion(parsing: try about.member("ApiVersion").string())
            let least = APIVersion(parsing: try about.optional("MinAPIVersion")?.string() ?? "1.12")
            guard let latest, let least else { throw about.mismatch("the version of an API") }
            let name = try about.optional("Components")?.elements().first?.member("Name").string() ?? "Engine"
            guard name == (product == .docker ? "Engine" : "Podman Engine") else {
                throw JSONError(
                    .mismatch,
                    "it is '\(String(daemon: name))'; name the socket of \(product), or choose another target")
            }
            guard latest >= Self.oldest else {
                throw JSONError(.mismatch, "it has version \(version); docker 19.03 or podman 3 or later is needed")
            }
            guard least <= Self.newest else {
                throw JSONError(.mismatch, "it has version \(version), which is too new; update this loader")
            }
            asked = min(latest, Self.newest)
            takesZstandard = product == .podman || latest >= APIVersion(1, 42)
            os = try about.member("Os").string()
            architecture = try about.member("Arch").string()
        } catch {
            throw EngineError(.unsupported, "asking \(first.path) who it is: \(error.message)", cause: error)
        }
        listsManifests = asked >= APIVersion(1, 47)
        client = DockerClient(DockerClient(path: first.path, idleLimit: idleLimit), version: asked)
        let information = try DockerClient(first, version: asked).get("/info")
        do throws(JSONError) {
            guard let information else { throw JSONError(.missing, "it knows no /info") }
            driver = String(daemon: try information.member("Driver").string())
            rootDirectory = try information.member("DockerRootDir").string()
            // The processor, as `armv6l`: of the architectures only arm has images that do not run on all of its kind.
            let machine = try information.optional("Architecture")?.string() ?? ""
            let isOldARM = architecture == "arm" && (machine.hasPrefix("armv5") || machine.hasPrefix("armv6"))
            platform = Platform(
                os: os, architecture: architecture, variant: isOldARM ? String(machine.dropFirst(3).prefix(2)) : nil)
            var pairs: [[String]] = []
            for pair in try information.optional("DriverStatus")?.elements() ?? [] {
                pairs.append(try pair.elements().map { (node) throws(JSONError) in try node.string() })
            }
            hasContainerdStore = pairs.contains(Self.containerdMark)
            containerdSocket = try information.optional("Containerd")?.optional("Address")?.string()
        } catch {
            throw EngineError(.unsupported, "asking \(first.path) how it stores images: \(error.message)", cause: error)
        }
    }
}
