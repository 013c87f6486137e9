public import BundleFormat
import DurableFiles
public import OCI
import Programs

/// A docker daemon with a graph driver, or podman's service, behind its unix socket.
///
/// Spec: docs/loading.md sections 5.1 and 5.4. Every call blocks while the daemon works; memory is that of one frame and its decoder.
public struct DockerEngine: Engine {
    let host: DockerHost
    let forms: LayerForm.Finder
    /// What runs as long as the engine is used; nil for a daemon that runs by itself.
    private let service: PodmanService?
    var client: DockerClient { host.client }

    /// How long a daemon may neither take nor give a byte.
    public static let idleLimit = Duration.seconds(30 * 60)

    /// Waits until a daemon answers, and at most so long.
    ///
    /// - Parameters:
    ///   - path: The socket, which must belong to root or to us, as must the process behind it.
    ///   - wait: How long the daemon may be absent, refuse, or not answer.
    ///   - idleLimit: How long it may neither take nor give a byte afterwards.
    ///   - retrying: Called with what was found each time that it is asked again, at least every six seconds.
    /// - Returns: The engine.
    /// - Throws: `EngineError` with code `unreachable`, or `unsupported` for a daemon that this loader does not serve;
    ///   `CancellationError`.
    public static func connect(
        path: String, wait: Duration, idleLimit: Duration = idleLimit, retrying: (EngineError) -> Void = { _ in }
    ) async throws -> DockerEngine {
        let host = try await DockerHost.connect(
            .docker, path: path, wait: wait, idleLimit: idleLimit, retrying: retrying)
        guard !host.hasContainerdStore else {
            throw EngineError(.unsupported, "connecting to \(path): it keeps images in the store of containerd")
        }
        return DockerEngine(host)
    }

    init(_ host: DockerHost, service: PodmanService? = nil) {
        self.host = host
        self.service = service
        forms = LayerForm.Finder(takesZstandard: host.takesZstandard)
    }

    /// As `docker 20.10.24 (overlay2) at /run/docker.sock`.
    public var description: String {
        "\(kind) \(host.version) (\(host.driver)) "
            + (service.map { "by \($0.program.path)" } ?? "at \(client.path)")
    }

    /// `docker` or `podman`.
    public var kind: String { host.product.rawValue }

    /// What the daemon runs.
    public var platform: Platform? { host.platform }

    /// Sends one archive for each image, or only sets names where the image is there; blocks; see `Engine`.
    public func load(
        _ batch: [LoadStep], reader: LayerReader, progress: @escaping @Sendable (Int64) -> Void,
        begins: ([LoadStep]) throws -> Void, taken: ([LoadStep]) throws -> Void
    ) async throws {
        for step in batch where !step.isPresent && step.skipReason == nil {
            guard let instance = step.image.instances.first else { continue }
            try begins([step])
            let names = step.names.filter { $0.action == .set }.map(\.reference.withoutDigest)
            if try client.image(step.imageID.description)?.diffIDs == instance.diffIDs {
                for name in names { try tag(step.imageID, name) }
            } else {
                let archive = try archive(instance, step.presentCount, names, reader)
                do {
                    try unsafe client.load(size: archive.size, progress: progress) {
                        try unsafe archive.write(reader, $0)
                    }
                } catch let error as EngineError {
                    throw error.about(step)
                }
            }
            try taken([step])
        }
    }

    /// Asks for the image by its ID, and for each of its names; see `Engine`.
    public func confirm(_ step: LoadStep) throws {
        guard step.skipReason == nil, let instance = step.image.instances.first else { return }
        let reference = step.image.image.reference
        guard let image = try client.image(step.imageID.description) else {
            throw EngineError(.refused, "confirming \(reference): \(kind) does not have its image \(step.imageID)")
        }
        guard image.id == step.imageID, image.diffIDs == instance.diffIDs else {
            throw EngineError(
                .refused,
                "confirming \(reference): \(kind) has image \(image.id) with other layers than \(step.imageID)"
            )
        }
        for name in step.names where name.action == .set || name.action == .present {
            let found = try client.image(name.reference.withoutDigest.description)?.id
            guard found == step.imageID else {
                throw EngineError(
                    .refused,
                    "confirming \(reference): the name \(name.reference) points to \(found.map(\.description) ?? "nothing")"
                )
            }
        }
    }

    /// The archive of an image.
    func archive(
        _ instance: TargetImage.Instance, _ presentCount: Int, _ names: [Reference], _ reader: LayerReader
    ) throws -> ImageArchive {
        ImageArchive(
            config: instance.config.bytes, layers: try instance.layers.map { try forms.form(of: $0, reader: reader) },
            presentCount: presentCount, names: names, hasLayout: host.product == .docker)
    }

    private func tag(_ image: Digest, _ name: Reference) throws(EngineError) {
        let repository = DockerClient.encoded(name.name)
        let response = try client.request(
            "POST", "/images/\(image)/tag?repo=\(repository)&tag=\(name.tag ?? "latest")")
        try client.check(response, "naming image \(image) \(name)")
    }
}
