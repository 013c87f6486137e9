import Foundation
import OCI
import Synchronization
import TestSupport
import Testing

@testable import Engines

/// What stands at the socket is absent, not ours, not ready, or no docker.
@Suite struct DockerConnectionTests {
    private static func error(_ path: String, wait: Duration = .zero) async throws -> EngineError {
        try #require(
            await #expect(throws: EngineError.self) { _ = try await DockerEngine.connect(path: path, wait: wait) })
    }

    @Test func `a socket that is absent, a file, a link or too long is unreachable`() async throws {
        let directory = try TemporaryDirectory()
        #expect(try await Self.error(directory.path("absent")).code == .unreachable)
        #expect(try await Self.error(directory.write("x", to: "file")).code == .unreachable)
        let daemon = try LyingDaemon { $0.answerAsDocker() }
        _ = try await DockerEngine.connect(path: daemon.path, wait: .zero)
        try FileManager.default.createSymbolicLink(
            atPath: directory.path("link"), withDestinationPath: daemon.path)
        let link = try await Self.error(directory.path("link"))
        #expect(link.code == .unreachable && link.message.contains("no socket"))
        #expect(try await Self.error("/tmp/" + String(repeating: "x", count: 200)).code == .unreachable)
        // Above the last part links are what distributions have: /var/run.
        let folder = try TemporaryDirectory()
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("run"),
            withDestinationPath: URL(fileURLWithPath: daemon.path).deletingLastPathComponent().path)
        _ = try await DockerEngine.connect(path: folder.path("run/s"), wait: .zero)
    }

    @Test(.enabled(if: geteuid() == 0)) func `a socket of another user is not spoken to`() async throws {
        let wasAsked = Mutex(false)
        let daemon = try LyingDaemon { peer in
            wasAsked.withLock { $0 = true }
            peer.answerAsDocker()
        }
        try #require(chown(daemon.path, 65534, 65534) == 0)
        let error = try await Self.error(daemon.path)
        #expect(error.code == .unreachable && error.message.contains("65534"))
        #expect(wasAsked.withLock { !$0 })
    }

    @Test(.enabled(if: geteuid() == 0 && Toolbox.has("perl", "setpriv")))
    func `a process of another user behind a socket of root is not spoken to`() async throws {
        let directory = try TemporaryDirectory()
        chmod(directory.path, 0o777)
        let script = "use IO::Socket::UNIX; $s = IO::Socket::UNIX->new(Local => shift, Listen => 9) or die; sleep 600"
        let process = try Command(
            "setpriv", ["--reuid=65534", "--clear-groups", "perl", "-e", script, directory.path("s")]
        ).start()
        defer { process.kill() }
        // It listens after it has bound; until then the connection is refused, which is as unreachable.
        var message = ""
        for _ in 0..<500 where !message.contains("listens there, neither") {
            if chown(directory.path("s"), 0, 0) == 0 { message = try await Self.error(directory.path("s")).message }
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(message.contains("user 65534 listens there"))
    }

    @Test func `a daemon that starts late is waited for, and one that never does ends the wait`() async throws {
        let daemon = try LyingDaemon { _ in }
        let attempts = Mutex(0)
        let start = ContinuousClock.now
        await #expect(throws: EngineError(.unreachable, "")) {
            _ = try await DockerEngine.connect(path: daemon.path, wait: .milliseconds(500)) { _ in
                attempts.withLock { $0 += 1 }
            }
        }
        #expect(attempts.withLock { $0 } >= 1 && ContinuousClock.now - start >= .milliseconds(500))

        // Closed without an answer, then 503, then half an answer, then ready.
        let count = Mutex(0)
        let late = try LyingDaemon { peer in
            let number = count.withLock { count in
                count += 1
                return count
            }
            switch number {
            case 1: _ = peer.readHead()
            case 2:
                _ = peer.readHead()
                peer.answer(#"{"message":"starting"}"#, status: 503)
            case 3:
                _ = peer.readHead()
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
            default: peer.answerAsDocker()
            }
        }
        let engine = try await DockerEngine.connect(path: late.path, wait: .seconds(60))
        #expect(engine.platform == Platform(os: "linux", architecture: "amd64"))
        #expect(engine.description.hasPrefix("docker 1 (overlay2) at /"))
    }

    @Test(arguments: [
        ("too old", "1.39", "1.12", "Engine", "[]"), ("too new", "1.99", "1.98", "Engine", "[]"),
        ("podman", "1.41", "1.12", "Podman Engine", "[]"), ("no version", "nonsense", "1.12", "Engine", "[]"),
        ("containerd's store", "1.51", "1.24", "Engine", #"[["driver-type","io.containerd.snapshotter.v1"]]"#),
    ])
    func `what is not served is named at once`(
        label: String, api: String, least: String, name: String, status: String
    ) async throws {
        let daemon = try LyingDaemon { $0.answerAsDocker(api: api, least: least, name: name, driverStatus: status) }
        #expect(try await Self.error(daemon.path, wait: .seconds(60)).code == .unsupported)
    }

    @Test(arguments: [("1.40", "/v1.40/info"), ("1.51", "/v1.51/info"), ("1.99", "/v1.51/info")])
    func `the version of the API is one that both know`(api: String, target: String) async throws {
        let targets = Mutex<[String]>([])
        let daemon = try LyingDaemon { peer in
            let line = peer.readHead()
            targets.withLock { $0.append(line) }
            peer.answer(
                line.contains("/info")
                    ? #"{"Driver":"overlay2","DockerRootDir":"/"}"#
                    : #"{"Version":"1","ApiVersion":"\#(api)","Os":"linux","Arch":"arm"}"#)
        }
        _ = try await DockerEngine.connect(path: daemon.path, wait: .zero)
        #expect(targets.withLock(\.self).contains("GET \(target) HTTP/1.1"))
    }

    @Test(arguments: [
        ("an endless header", "HTTP/1.1 200 OK\r\nA: ", "a"), ("endless headers", "HTTP/1.1 200 OK\r\n", "A: b\r\n"),
        ("an endless body", "HTTP/1.1 200 OK\r\n\r\n", String(repeating: "a", count: 1 << 16)),
        (
            "endless chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "10000\r\n" + String(repeating: "a", count: 1 << 16) + "\r\n"
        ),
    ])
    func `an answer without an end is cut off`(label: String, start: String, rest: String) async throws {
        let daemon = try LyingDaemon { peer in
            _ = peer.readHead()
            peer.send(start)
            while peer.send(rest) {}
        }
        #expect(try await Self.error(daemon.path, wait: .seconds(60)).code == .refused)
    }

    /// Sends an archive of so many zeros.
    private static func load(
        _ path: String, size: Int, idle: Duration = .seconds(60), progress: @escaping (Int64) -> Void = { _ in }
    ) throws {
        try DockerClient(path: path, idleLimit: idle).load(size: Int64(size), progress: progress) { body in
            let zeros = [UInt8](repeating: 0, count: 1 << 20)
            for start in stride(from: 0, to: size, by: 1 << 20) {
                try zeros.withUnsafeBytes { try body(.init(rebasing: $0.prefix(size - start))) }
            }
        }
    }

    @Test func `an answer that comes before the archive was sent is not lost`() throws {
        for status in [200, 500] {
            let daemon = try LyingDaemon { peer in
                _ = peer.readHead()
                peer.answer(
                    #"{"message":"write /x: no space left on device","error":"no space left on device"}"#,
                    status: status)
                // The connection is closed with most of the archive unread.
            }
            #expect(throws: EngineError(.noSpace, "")) { try Self.load(daemon.path, size: 64 << 20) }
        }
    }

    @Test func `an answer is waited for when it begins before the archive was sent`() throws {
        let daemon = try LyingDaemon { peer in
            _ = peer.readHead()
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")
            var left = 24 << 20
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while left > 0 { left -= max(1, recv(peer.number, &buffer, buffer.count, 0)) }
            peer.send("2\r\n{}\r\n0\r\n\r\n")
        }
        let counter = ByteCounter()
        try Self.load(daemon.path, size: 24 << 20) { counter.add($0) }
        #expect(counter.total == 24 << 20)
    }

    @Test func `a daemon that goes while an archive is sent is unreachable`() throws {
        let daemon = try LyingDaemon { peer in _ = peer.readHead() }
        #expect(throws: EngineError(.unreachable, "")) { try Self.load(daemon.path, size: 64 << 20) }
        // The same after all was taken.
        let silent = try LyingDaemon { peer in
            _ = peer.readHead()
            shutdown(peer.number, Int32(SHUT_WR))
            peer.drain()
        }
        #expect(throws: EngineError(.unreachable, "")) { try Self.load(silent.path, size: 1 << 20) }
    }

    @Test func `a daemon that takes and gives nothing is given up, and is waited for audibly`() throws {
        let end = Mutex(false)
        let daemon = try LyingDaemon { peer in
            while !end.withLock(\.self) { usleep(1000) }
            _ = peer
        }
        defer { end.withLock { $0 = true } }
        let calls = Mutex(0)
        // Once more where the machine was away for half a second.
        for _ in 0..<5 where calls.withLock(\.self) != 2 {
            calls.withLock { $0 = 0 }
            #expect(throws: EngineError(.unreachable, "")) {
                try Self.load(daemon.path, size: 64 << 20, idle: .milliseconds(1500)) { count in
                    if count == 0 { calls.withLock { $0 += 1 } }
                }
            }
        }
        #expect(calls.withLock(\.self) == 2)
    }

    @Test func `words that are no answer to a load are no success`() throws {
        for text in ["", "nonsense", "{\"stream\":\"Loaded image\"", "[]"] {
            let daemon = try LyingDaemon { peer in
                _ = peer.readHead()
                var buffer = [UInt8](repeating: 0, count: 1 << 16)
                _ = recv(peer.number, &buffer, buffer.count, 0)
                peer.answer(text)
            }
            if text.isEmpty {
                // Docker itself may say nothing; what counts is what it has afterwards.
                try Self.load(daemon.path, size: 1000)
            } else {
                #expect(throws: EngineError(.refused, "")) { try Self.load(daemon.path, size: 1000) }
            }
        }
    }
}
