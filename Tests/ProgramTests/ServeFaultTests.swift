import Foundation
import OCI
import TestSupport
import Testing

/// `bundle serve` with damaged packs, clients that do not read, many at once, and its end.
@Suite(.enabled(if: Toolbox.has("curl"))) struct ServeFaultTests {
    private let program: Program
    private let layer: LayerFixture
    private var directory: TemporaryDirectory { program.directory }
    private var blob: String { "/v2/big/blobs/\(layer.digest)" }

    init() async throws {
        program = try await Program()
        var random = DeterministicRandom(seed: 7)
        layer = try await LayerFixture([.file("random", random.bytes(8 << 20))], compression: .none)
        var images = ImageSet()
        images.add(ImageFixture([layer]), tag: "big")
        try images.write(to: directory.path("layout"))
        let spec = try program.spec("  - image: oci-layout:./layout@big\n    as: [\"old.example.com/big:1\"]")
        try await program.build(spec)
    }

    @Test func `a damaged blob is never given out whole`() async throws {
        let packs = try program.tree("bundle/blobs/sha256")
        let (name, bytes) = try #require(packs.max { $0.value.count < $1.value.count })
        // In the last frame, so that almost all of the blob is right.
        var damaged = bytes
        damaged[damaged.count - 1000] ^= 1
        try directory.write(damaged, to: "bundle/blobs/sha256/" + name)
        let server = try await RunningServe(program)
        let whole = try await server.curl(blob)
        #expect(whole.result.status == .exited(18), "\(whole.result.errorText)")
        #expect(whole.status == 200 && whole.body.count < layer.blob.count)
        // Also where the part that is asked for is right, since nobody knows.
        let part = try await server.curl(blob, "--header", "Range: bytes=0-99")
        #expect(part.result.status == .exited(18) && part.body.isEmpty)
        #expect(server.log.contains("frame"), "\(server.log)")
        #expect(try await server.curl("/v2/big/manifests/1").status == 200)
    }

    @Test(.timeLimit(.minutes(60))) func `200 pulls at a time take bounded memory`() async throws {
        let server = try await RunningServe(program, "--blobs", "8")
        let result = try await Command(
            "curl",
            [
                "--silent", "--show-error", "--fail", "--parallel", "--parallel-immediate", "--parallel-max", "200",
                "--output", "/dev/null", "--write-out", "%{http_code} %{size_download}\n",
                "http://\(server.host)\(blob)?x=[1-200]",
            ]
        ).check()
        let lines = result.outputText.split(separator: "\n")
        #expect(lines.count == 200 && lines.allSatisfy { $0 == "200 \(layer.blob.count)" })
        // 200 blobs would be 1.6 GB.
        #expect(try server.peakMemory < 400 << 20)
    }

    @Test func `a client that does not read is cut off, and its turn goes to the next`() async throws {
        let server = try await RunningServe(program, "--blobs", "1", "--patience", "5")
        let port = try #require(server.host.split(separator: ":").last.flatMap { UInt16($0) })
        let idle = try IdleClient(port: port, path: blob)
        let answer = try await server.curl(blob, "--max-time", "120")
        #expect(answer.status == 200 && answer.body == layer.blob)
        #expect(server.log.contains("does not read"))
        withExtendedLifetime(idle) {}
    }

    @Test func `after SIGTERM what is under way is finished`() async throws {
        let server = try await RunningServe(program)
        let pull = try Command(
            "curl",
            ["--silent", "--limit-rate", "2M", "--output", directory.path("out"), "http://\(server.host)\(blob)"]
        ).start()
        while pull.status == nil, (try? directory.read("out"))?.isEmpty ?? true {
            try await Task.sleep(for: .milliseconds(20))
        }
        server.process.kill(SIGTERM)
        #expect(await pull.waitForEnd() == .exited(0))
        #expect(try directory.read("out") == layer.blob)
        #expect(await server.process.waitForEnd() == .exited(0))
        #expect(server.log.contains(" 200 \(layer.blob.count) "))
    }

    @Test func `SIGTERM ends within ten seconds, whoever reads or not`() async throws {
        let server = try await RunningServe(program)
        let port = try #require(server.host.split(separator: ":").last.flatMap { UInt16($0) })
        let idle = try IdleClient(port: port, path: blob)
        let start = ContinuousClock.now
        server.process.kill(SIGTERM)
        #expect(await server.process.waitForEnd() == .exited(0))
        #expect(ContinuousClock.now - start < .seconds(30))
        withExtendedLifetime(idle) {}
    }
}

/// Asks for something, reads the start of the answer, and then nothing more.
private final class IdleClient: Sendable {
    private let descriptor: Int32

    init(port: UInt16, path: String) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        let request = Array("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
        var start = [UInt8](repeating: 0, count: 64)
        guard result == 0, write(descriptor, request, request.count) == request.count,
            read(descriptor, &start, start.count) > 0
        else { throw CommandError(.system, "cannot ask 127.0.0.1:\(port)") }
    }

    deinit { close(descriptor) }
}
