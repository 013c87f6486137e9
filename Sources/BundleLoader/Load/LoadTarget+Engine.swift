import Cryptography
import DurableFiles
import Engines
import Glibc
import OCI

extension LoadTarget {
    /// Reaches the engine.
    ///
    /// - Parameters:
    ///   - wait: How long it may be absent.
    ///   - jobs: How many cores may work.
    ///   - whileWaiting: Called now and then.
    /// - Returns: The engine, which answers.
    /// - Throws: `EngineError`, or `CancellationError`.
    func engine(waiting wait: Duration, jobs: Int, whileWaiting: () -> Void) async throws -> any Engine {
        switch self {
        case .automatic:
            try await EngineSearch().target(self).engine(waiting: wait, jobs: jobs, whileWaiting: whileWaiting)
        case .containerd(let socket, let namespace):
            try await ContainerdEngine.connect(
                Self.place(socket), namespace: namespace, jobs: jobs, wait: wait, retrying: { _ in whileWaiting() })
        case .docker(let socket):
            try await DockerDaemonStore.connect(path: socket, wait: wait, retrying: { _ in whileWaiting() })
        case .podman(let socket):
            try await DockerEngine.connectPodman(path: socket, wait: wait, retrying: { _ in whileWaiting() })
        case .registryDirectory(let path):
            try await Self.registry(path, waiting: wait, jobs: jobs, whileWaiting: whileWaiting)
        }
    }

    /// The directory may lie on a volume that is not mounted yet, and another loader may work there.
    private static func registry(
        _ path: String, waiting wait: Duration, jobs: Int, whileWaiting: () -> Void
    ) async throws -> RegistryDirectory {
        let deadline = Deadline(after: wait)
        while true {
            do throws(EngineError) {
                let registry = try RegistryDirectory(path: path, jobs: jobs)
                try registry.lock()
                return registry
            } catch {
                let isBusy = (error.cause as? FileError)?.code == .busy
                guard error.code == .unreachable || isBusy, !deadline.hasPassed else { throw error }
            }
            whileWaiting()
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    private static func place(_ socket: String?) throws(EngineError) -> ContainerdPlace {
        guard let place = ContainerdPlace.find(socket: socket) else {
            throw EngineError(
                .unreachable,
                "looking for containerd's program: there is none of \(ContainerdPlace.placesText) that belongs to root and "
                    + "that only root can change; install it")
        }
        return place
    }

    /// What its journal is called: `docker-` and some digits that depend on where its path really leads.
    var journalName: String {
        let (kind, path) =
            switch self {
            case .automatic(let namespace): ("auto", namespace)
            case .containerd(let socket, let namespace):
                ("containerd", Self.real(socket ?? ContainerdPlace.find()?.socket ?? "") + " " + namespace)
            case .docker(let socket): ("docker", socket)
            case .podman(let socket): ("podman", socket ?? DockerEngine.podmanSocket)
            case .registryDirectory(let path): ("registry-dir", path)
            }
        return kind + "-" + SHA256Hasher.digest(of: Array(Self.real(path).utf8)).hex.prefix(16)
    }

    /// A path without links, so that `/var/run/docker.sock` is `/run/docker.sock`; anything else as it is.
    private static func real(_ path: String) -> String {
        guard let resolved = unsafe realpath(path, nil) else { return path }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }
}
