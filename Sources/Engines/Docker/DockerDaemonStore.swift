/// Finds out how a docker daemon keeps images, and gives the engine for that.
public enum DockerDaemonStore {
    /// Waits until a daemon answers, and at most so long.
    ///
    /// - Parameters:
    ///   - path: The socket, which must belong to root or to us, as must the process behind it.
    ///   - containerdSocket: Where its containerd listens; nil for what it says itself, or the usual places.
    ///   - wait: How long the daemon may be absent, refuse, or not answer.
    ///   - idleLimit: How long it may neither take nor give a byte afterwards.
    ///   - retrying: Called with what was found each time that it is asked again, at least every six seconds.
    /// - Returns: The engine: `DockerEngine` for a graph driver, `DockerStoreEngine` for the store of containerd.
    /// - Throws: `EngineError` with code `unreachable` or `unsupported`; `CancellationError`.
    public static func connect(
        path: String, containerdSocket: String? = nil, wait: Duration,
        idleLimit: Duration = DockerEngine.idleLimit, retrying: (EngineError) -> Void = { _ in }
    ) async throws -> any Engine {
        let host = try await DockerHost.connect(
            .docker, path: path, wait: wait, idleLimit: idleLimit, retrying: retrying)
        guard host.hasContainerdStore else { return DockerEngine(host) }
        if let containerdSocket { return try DockerStoreEngine(host, ctr: ctr(containerdSocket, of: host)) }
        let named = host.containerdSocket.flatMap { ctr($0, of: host) }
        let usual = usualSockets.lazy.compactMap { ctr($0, of: host, mustHaveImages: true) }
        return try DockerStoreEngine(host, ctr: named ?? usual.first)
    }

    /// Where the containerd listens that docker starts, and the one that it finds.
    private static let usualSockets = ["/run/docker/containerd/containerd.sock", "/run/containerd/containerd.sock"]

    /// The program for a containerd that answers and has what the daemon has, where need be something at all: a daemon that
    /// has nothing says nothing of whose containerd it is.
    private static func ctr(_ socket: String, of host: DockerHost, mustHaveImages: Bool = false) -> Ctr? {
        guard let place = ContainerdPlace.find(socket: socket), (try? UnixSocket.check(socket)) != nil else {
            return nil
        }
        let ctr = Ctr(place.program, socket: socket, namespace: "moby", idleLimit: .seconds(60))
        guard let listed = try? host.client.storedImages(withManifests: false), let blobs = try? ctr.blobs(),
            listed.allSatisfy({ blobs.keys.contains($0.digest) }), !(mustHaveImages && listed.isEmpty)
        else { return nil }
        return ctr
    }
}
