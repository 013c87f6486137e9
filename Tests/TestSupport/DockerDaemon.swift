import Foundation

/// A docker daemon of one test, on a unix socket, without network; needs root.
///
/// It ends, and what it mounted is unmounted, when nobody holds it any more.
public final class DockerDaemon: Sendable {
    /// The path of its socket.
    public let socket: String
    /// Its `--data-root`.
    public let dataRoot: String

    private let directory: TemporaryDirectory
    private let process: RunningCommand

    /// Starts a daemon and returns when it answers.
    ///
    /// - Parameter options: Further options of `dockerd`, as `--storage-driver=vfs`.
    /// - Throws: `CommandError`.
    public init(options: [String] = []) async throws {
        directory = try TemporaryDirectory()
        socket = directory.path("d.sock")
        dataRoot = directory.path("data")
        let arguments = [
            "--data-root", dataRoot, "--exec-root", directory.path("exec"), "-H", "unix://" + socket,
            "--pidfile", directory.path("d.pid"), "--bridge=none", "--iptables=false",
        ]
        process = try Command("dockerd", arguments + options).start()
        try await waitUntilReady()
    }

    deinit { process.stopBlocking() }

    /// `unix:///…`, as `DOCKER_HOST` and `skopeo --src-daemon-host` take it.
    public var host: String { "unix://" + socket }

    /// Its process id.
    public var processID: Int32 { process.processID }

    /// Runs the `docker` program against this daemon and demands success; gives standard output without the last line feed.
    @discardableResult
    public func docker(_ arguments: String..., input: [UInt8] = []) async throws -> String {
        var text = try await Command(
            "docker", ["-H", host] + arguments,
            environment: ["DOCKER_CONFIG": directory.path("config"), "DOCKER_BUILDKIT": "0"], input: input
        ).check().outputText
        if text.hasSuffix("\n") { text.removeLast() }
        return text
    }

    /// Asks it to end, and unmounts what it left; its data stays until nobody holds it any more.
    public func stop() async {
        await process.stop()
        directory.unmount()
    }

    private func waitUntilReady() async throws {
        for _ in 0..<600 {
            let version = Command("docker", ["-H", host, "version"], timeout: .seconds(20))
            if access(socket, F_OK) == 0, try await version.run().status == .exited(0) { return }
            if let status = process.status {
                throw CommandError(.failed, "dockerd ended with \(status): \(log)")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw CommandError(.timedOut, "dockerd did not answer within 60 s: \(log)")
    }

    private var log: String { String(decoding: process.errorOutput().suffix(4000), as: UTF8.self) }
}
