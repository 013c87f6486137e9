import Foundation
import Synchronization

/// A storage of podman of one test, and its API service where that is wanted; needs root.
///
/// The service ends, and what was mounted is unmounted, when nobody holds it any more.
public final class PodmanStorage: Sendable {
    /// The path of the socket of the service.
    public let socket: String
    /// What stands before every command, so that it works on this storage.
    public let options: [String]

    private let directory: TemporaryDirectory
    private let process = Mutex<RunningCommand?>(nil)

    /// Makes an empty storage.
    ///
    /// - Parameter hasService: Whether the service is started too; returns when its socket is there.
    /// - Throws: `CommandError`.
    public init(hasService: Bool) async throws {
        directory = try TemporaryDirectory()
        socket = directory.path("p.sock")
        options = [
            "--root", directory.path("root"), "--runroot", directory.path("run"), "--tmpdir", directory.path("tmp"),
            "--cgroup-manager=cgroupfs", "--events-backend=none",
        ]
        if hasService { try await start() }
    }

    deinit { process.withLock(\.self)?.stopBlocking() }

    /// The process id of the service; nil without one.
    public var processID: Int32? { process.withLock { $0?.processID } }

    /// Runs `podman` on this storage and demands success; gives standard output without the last line feed.
    @discardableResult
    public func podman(_ arguments: String...) async throws -> String {
        var text = try await Command("podman", options + arguments).check().outputText
        if text.hasSuffix("\n") { text.removeLast() }
        return text
    }

    /// Ends the service with SIGKILL, in the middle of whatever it does.
    public func kill() async {
        let process = process.withLock(\.self)
        process?.kill()
        await process?.waitForEnd()
    }

    /// Starts the service, and returns when its socket is there.
    public func start() async throws {
        try? FileManager.default.removeItem(atPath: socket)
        let process = try Command("podman", options + ["system", "service", "--time=0", "unix://" + socket]).start()
        self.process.withLock { $0 = process }
        for _ in 0..<600 {
            if access(socket, F_OK) == 0 { return }
            if let status = process.status {
                throw CommandError(
                    .failed, "podman ended with \(status): \(String(decoding: process.errorOutput(), as: UTF8.self))")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw CommandError(.timedOut, "podman did not make \(socket) within 30 s")
    }
}
