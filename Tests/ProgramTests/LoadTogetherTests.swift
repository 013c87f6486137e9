import Foundation
import StrictJSON
import Synchronization
import TestSupport
import Testing

/// Loaders beside each other, and daemons that come and go.
@Suite(.serialized, .enabled(if: Toolbox.hasDockerDaemon && Toolbox.has("gcc"))) struct LoadTogetherTests {
    @Test func `of two loaders one works, and the other waits or says that it is busy`() async throws {
        let scene = try await LoadScene()
        let docker = try await DockerDaemon()
        let isSending = Mutex(false)
        let mayGoOn = Later<Bool>()
        let relay = try DockerRelay(to: docker.socket) { _, _ in
            isSending.withLock { $0 = true }
            _ = mayGoOn.get()
        }
        let first = try scene.load(relay.socket).start()
        while !isSending.withLock(\.self), first.status == nil { try await Task.sleep(for: .milliseconds(5)) }
        let busy = try await scene.load(relay.socket, "--wait", "0").run()
        #expect(busy.status == .exited(1))
        #expect(busy.errorText.contains("another loader"), "\(busy.errorText)")
        let second = try await scene.firstBoot(relay.socket).start()
        // Its directory of markers is what it makes before it waits for the lock.
        while !scene.program.exists("ready"), second.status == nil { try await Task.sleep(for: .milliseconds(5)) }
        #expect(second.status == nil)
        mayGoOn.set(true)
        #expect(await first.waitForEnd() == .exited(0))
        #expect(await second.waitForEnd() == .exited(0))
        let text = String(decoding: second.errorOutput(), as: UTF8.self)
        #expect(text.contains("nothing to do"), "\(text)")
        try await scene.expectImages(in: docker, running: 0)
    }

    @Test func `of many loaders each image is loaded by one`() async throws {
        let scene = try await LoadScene()
        let docker = try await DockerDaemon()
        let results = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<6 {
                group.addTask {
                    let receipt = try JSONNode(parsing: try await scene.load(docker.socket, "--json").check().output)
                    return try receipt.member("images").elements().map { try $0.member("result").string() }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.filter { $0 == ["loaded", "loaded", "loaded"] }.count == 1)
        #expect(results.filter { $0 == ["present", "present", "present"] }.count == 5)
        let lines = try scene.program.directory.read("state/receipts.jsonl").split(separator: 0x0A)
        #expect(lines.count == 6)
        try await scene.expectImages(in: docker, running: 1)
    }

    @Test func `a daemon that restarts is waited for, and one that ends in a load is told of`() async throws {
        let scene = try await LoadScene()
        let docker = try await DockerDaemon()
        let processID = Mutex(docker.processID)
        let mayEnd = Mutex(true)
        let relay = try DockerRelay(to: docker.socket) { sent, total in
            guard sent > total / 2,
                mayEnd.withLock({ may in
                    defer { may = false }; return may
                })
            else { return }
            kill(processID.withLock(\.self), SIGTERM)
        }
        let cut = try await scene.load(relay.socket).run()
        // Asked to end it may still answer.
        #expect([.exited(7), .exited(0)].contains(cut.status), "\(cut.errorText)")
        await docker.stop()
        #expect(try await scene.load(docker.socket, "--wait", "0").run().status == .exited(7))
        let waiting = try await scene.firstBoot(relay.socket).start()
        while !scene.program.exists("ready"), waiting.status == nil { try await Task.sleep(for: .milliseconds(5)) }
        try await docker.start()
        let status = await waiting.waitForEnd()
        #expect(status == .exited(0), "\(String(decoding: waiting.errorOutput(), as: UTF8.self))")
        try await scene.expectImages(in: docker, running: 2)
    }

    @Test func `a socket of another user is refused, and nothing is said over it`() async throws {
        let scene = try await LoadScene(size: 100_000)
        let docker = try await DockerDaemon()
        let relay = try DockerRelay(to: docker.socket) { _, _ in }
        try #require(chown(relay.socket, 65534, 65534) == 0)
        let result = try await scene.load(relay.socket, "--wait", "1").run()
        #expect(result.status == .exited(7), "\(result.errorText)")
        #expect(result.errorText.contains("65534"))
        #expect(try await docker.docker("images", "--all", "--quiet").isEmpty)
    }
}
