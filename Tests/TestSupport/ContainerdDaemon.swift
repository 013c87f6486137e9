import Foundation
import Synchronization

/// A containerd of one test, with its own root, state and socket; needs root.
///
/// It ends, and what it mounted is unmounted, when nobody holds it any more.
public final class ContainerdDaemon: Sendable {
    /// The path of its socket.
    public let socket: String
    /// Its root directory.
    public let root: String

    private let directory: TemporaryDirectory
    private let command: Command
    private let process: Mutex<RunningCommand>

    /// Starts containerd and returns when it answers.
    ///
    /// - Throws: `CommandError`.
    public init() async throws {
        directory = try TemporaryDirectory()
        socket = directory.path("c.sock")
        root = directory.path("root")
        let configuration = """
            version = 2
            root = "\(root)"
            state = "\(directory.path("state"))"
            disabled_plugins = ["io.containerd.grpc.v1.cri"]
            [grpc]
              address = "\(socket)"
            [ttrpc]
              address = "\(directory.path("t.sock"))"
            """
        let file = try directory.write(configuration, to: "config.toml")
        command = Command("containerd", ["--config", file, "--log-level", "warn"])
        process = Mutex(try command.start())
        try await waitUntilReady()
    }

    deinit { process.withLock(\.self).stopBlocking() }

    /// Its process id.
    public var processID: Int32 { process.withLock(\.processID) }

    /// Runs `ctr` against this daemon in the namespace `k8s.io` and demands success; gives standard output without the last line feed.
    @discardableResult
    public func ctr(_ arguments: String..., input: [UInt8] = []) async throws -> String {
        var text = try await Command("ctr", ["-a", socket, "-n", "k8s.io"] + arguments, input: input).check().outputText
        if text.hasSuffix("\n") { text.removeLast() }
        return text
    }

    /// Ends it with SIGKILL, in the middle of whatever it does.
    public func kill() async {
        let process = process.withLock(\.self)
        process.kill()
        await process.waitForEnd()
    }

    /// Starts it again on the same data, and returns when it answers.
    public func start() async throws {
        let process = try command.start()
        self.process.withLock { $0 = process }
        try await waitUntilReady()
    }

    private func waitUntilReady() async throws {
        let process = process.withLock(\.self)
        let end = ContinuousClock.now + .seconds(300)
        while ContinuousClock.now < end {
            // It may listen before it answers, so a question may be left open.
            let version = Command("ctr", ["-a", socket, "version"], timeout: .seconds(20))
            if access(socket, F_OK) == 0, (try? await version.run())?.status == .exited(0) { return }
            if let status = process.status { throw CommandError(.failed, "containerd ended with \(status): \(log)") }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw CommandError(.timedOut, "containerd did not answer within 300 s: \(log)")
    }

    private var log: String { String(decoding: process.withLock(\.self).errorOutput().suffix(4000), as: UTF8.self) }
}
