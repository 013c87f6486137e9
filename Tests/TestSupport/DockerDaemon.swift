import Foundation
import Synchronization

/// A docker daemon of one test, on a unix socket, without network; needs root.
///
/// It ends, and what it mounted is unmounted, when nobody holds it any more.
public final class DockerDaemon: Sendable {
    /// The path of its socket.
    public let socket: String
    /// Its `--data-root`.
    public let dataRoot: String

    private let directory: TemporaryDirectory
    private let command: Command
    private let process: Mutex<RunningCommand>

    /// Starts a daemon and returns when it answers.
    ///
    /// - Parameters:
    ///   - options: Further options of `dockerd`, as `--storage-driver=vfs`.
    ///   - dataRoot: Its `--data-root`; nil for one of its own.
    ///   - hasContainerdStore: Whether it keeps images in the store of containerd; from docker 24 on.
    ///   - configuration: The path of a `daemon.json`, which then decides about the store; nil for one of its own.
    /// - Throws: `CommandError`.
    public init(
        options: [String] = [], dataRoot: String? = nil, hasContainerdStore: Bool = false, configuration: String? = nil
    ) async throws {
        directory = try TemporaryDirectory()
        socket = directory.path("d.sock")
        self.dataRoot = dataRoot ?? directory.path("data")
        let arguments = [
            "--data-root", self.dataRoot, "--exec-root", directory.path("exec"), "-H", "unix://" + socket,
            "--pidfile", directory.path("d.pid"), "--bridge=none", "--iptables=false",
            // Not that of this host. Newer ones would keep images in the store of containerd, were they not told.
            "--config-file",
            try configuration
                ?? directory.write(
                    #"{"features": {"containerd-snapshotter": \#(hasContainerdStore)}}"#, to: "daemon.json"),
        ]
        command = Command("dockerd", arguments + options)
        process = Mutex(try command.start())
        try await waitUntilReady()
    }

    deinit { process.withLock(\.self).stopBlocking() }

    /// `unix:///…`, as `DOCKER_HOST` and `skopeo --src-daemon-host` take it.
    public var host: String { "unix://" + socket }

    /// Where its own containerd listens.
    public var containerdSocket: String { directory.path("exec/containerd/containerd.sock") }

    /// Its process id.
    public var processID: Int32 { process.withLock(\.processID) }

    /// Runs the `docker` program against this daemon and demands success; gives standard output without the last line feed.
    @discardableResult
    public func docker(_ arguments: String..., input: [UInt8] = []) async throws -> String {
        try await docker(arguments, input: input)
    }

    /// The same with an array.
    @discardableResult
    public func docker(_ arguments: [String], input: [UInt8] = []) async throws -> String {
        var text = try await Command(
            "docker", ["-H", host] + arguments,
            environment: ["DOCKER_CONFIG": directory.path("config"), "DOCKER_BUILDKIT": "0"], input: input
        ).check().outputText
        if text.hasSuffix("\n") { text.removeLast() }
        return text
    }

    /// Asks it to end, and unmounts what it left; its data stays until nobody holds it any more.
    public func stop() async {
        await process.withLock(\.self).stop()
        directory.unmount()
    }

    /// Ends it with SIGKILL, in the middle of whatever it does.
    public func kill() async {
        let process = process.withLock(\.self)
        process.kill()
        await process.waitForEnd()
        directory.unmount()
    }

    /// Starts it again on the same data, and returns when it answers.
    public func start() async throws {
        try startProcess()
        try await waitUntilReady()
    }

    private func startProcess() throws {
        // Its own containerd dies with it, but not at once.
        try? FileManager.default.removeItem(atPath: directory.path("exec"))
        let process = try command.start()
        self.process.withLock { $0 = process }
    }

    private func waitUntilReady() async throws {
        let end = ContinuousClock.now + .seconds(300)
        var mayStartAgain = true
        while ContinuousClock.now < end {
            // It opens its socket early and answers late, so a question may be left open.
            let version = Command("docker", ["-H", host, "version"], timeout: .seconds(20))
            if access(socket, F_OK) == 0, (try? await version.run())?.status == .exited(0) { return }
            if let status = process.withLock(\.self).status {
                // It gives its own containerd 15 s, which are too few for a machine that does much else.
                guard mayStartAgain, log.contains("waiting for containerd to start") else {
                    throw CommandError(.failed, "dockerd ended with \(status): \(log)")
                }
                mayStartAgain = false
                try startProcess()
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw CommandError(.timedOut, "dockerd did not answer within 300 s: \(log)")
    }

    private var log: String { String(decoding: process.withLock(\.self).errorOutput().suffix(4000), as: UTF8.self) }
}
