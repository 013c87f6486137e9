import BundleFormat
import OCI
import Synchronization

/// The archives, daemons and bundles that the images of one spec come from, each opened once.
final class SourceShelf: Sendable {
    private let cache: BuildCache?
    private let trust: [String]
    private let environment: [String: String]
    private let archives = Mutex<[String: ArchiveStore]>([:])
    private let bundles = Mutex<[String: SourceBundle]>([:])

    /// A shelf that is empty.
    ///
    /// - Parameters:
    ///   - cache: Keeps what archives hold.
    ///   - trust: Public keys of bundles, or folders of them.
    ///   - environment: Where the docker daemon is named.
    init(cache: BuildCache?, trust: [String], environment: [String: String]) {
        self.cache = cache
        self.trust = trust
        self.environment = environment
    }

    /// A tar; nothing is opened yet.
    func archive(_ path: String) -> ArchiveStore { store(.file(path: path), "file " + path) }

    /// An image of the docker daemon, as the archive that it makes; nothing is asked yet.
    ///
    /// - Throws: `BuildError` with code `source` when the daemon is on another machine.
    func daemon(_ image: String) throws(BuildError) -> ArchiveStore {
        let host = environment["DOCKER_HOST"].flatMap { $0.isEmpty ? nil : $0 } ?? "unix:///run/docker.sock"
        guard host.hasPrefix("unix:///") else {
            throw BuildError(
                .source,
                "DOCKER_HOST is '\(host)', and images are taken from a daemon on this machine only; "
                    + "run 'docker save' there and use the archive: docker-archive:FILE")
        }
        return store(.daemon(image: image, socket: String(host.dropFirst(7))), "daemon " + image)
    }

    /// A bundle, verified.
    ///
    /// - Throws: `BuildError` with code `notTrusted`, `damaged` or `notFound`.
    func bundle(_ path: String) throws(BuildError) -> SourceBundle {
        try bundles.withLock { (bundles) throws(BuildError) in
            if let known = bundles[path] { return known }
            let bundle = try SourceBundle(path: path, trust: trust)
            bundles[path] = bundle
            return bundle
        }
    }

    private func store(_ origin: ArchiveStore.Origin, _ key: String) -> ArchiveStore {
        archives.withLock { archives in
            if let known = archives[key] { return known }
            let store = ArchiveStore(origin, cache: cache)
            archives[key] = store
            return store
        }
    }
}
