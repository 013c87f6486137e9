import Programs

extension DockerEngine {
    /// Where podman's service listens unless told otherwise.
    public static let podmanSocket = "/run/podman/podman.sock"

    /// Where podman's program is looked for.
    public static var podmanPaths: [String] { PodmanService.paths }

    /// Podman's program at its fixed places; nil where it is not there.
    static var podmanProgram: Program? { PodmanService.paths.lazy.map { Program(path: $0) }.first(where: \.isTrusted) }

    /// Waits until podman answers, and at most so long.
    ///
    /// - Parameters:
    ///   - path: Its socket; nil for the usual one, or where nothing is there a service that is started for this engine.
    ///   - options: What stands before `system service`; only for a service that is started.
    ///   - wait: How long it may be absent, refuse, or not answer.
    ///   - idleLimit: How long it may neither take nor give a byte afterwards.
    ///   - retrying: Called with what was found each time that it is asked again, at least every six seconds.
    /// - Returns: The engine.
    /// - Throws: `EngineError` with code `unreachable` or `unsupported`; `CancellationError`.
    public static func connectPodman(
        path: String?, options: [String] = [], wait: Duration, idleLimit: Duration = idleLimit,
        retrying: (EngineError) -> Void = { _ in }
    ) async throws -> DockerEngine {
        guard path == nil, !UnixSocket.exists(podmanSocket), let program = podmanProgram else {
            let host = try await DockerHost.connect(
                .podman, path: path ?? podmanSocket, wait: wait, idleLimit: idleLimit, retrying: retrying)
            return DockerEngine(host)
        }
        let service = try PodmanService(
            Program(path: program.path, arguments: options, environment: program.environment))
        var complaint: EngineError?
        do {
            // It takes a moment, also where nobody wants to wait for a daemon.
            let host = try await DockerHost.connect(
                .podman, path: service.socket, wait: max(wait, .seconds(20)), idleLimit: idleLimit
            ) { error in
                complaint = complaint ?? service.complaint
                retrying(error)
            }
            return DockerEngine(host, service: service)
        } catch let error as EngineError {
            throw complaint ?? error
        }
    }
}
