import Foundation
import TestSupport

/// A `bundle serve` of one test, at a port of its own on loopback; it ends when nobody holds it any more.
final class RunningServe: Sendable {
    /// As `127.0.0.1:41234`.
    let host: String
    let process: RunningCommand

    /// Starts it and returns when it listens.
    init(_ program: Program, bundles: [String] = ["bundle"], _ more: String...) async throws {
        let process = try program.command(
            ["serve"] + bundles.map(program.directory.path)
                + ["--trust", program.trusted, "--listen", "127.0.0.1:0"] + more
        ).start()
        self.process = process
        for _ in 0..<1200 {
            let line = String(decoding: process.output(), as: UTF8.self)
            if line.hasSuffix("\n"), let port = line.dropLast().split(separator: ":").last {
                host = "127.0.0.1:\(port)"
                return
            }
            if let status = process.status {
                throw CommandError(.failed, "bundle serve ended with \(status): \(Self.text(process.errorOutput()))")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw CommandError(.timedOut, "bundle serve did not listen within 60 s")
    }

    /// What it has logged by now.
    var log: String { Self.text(process.errorOutput()) }

    /// The most memory that it had by now, in bytes.
    var peakMemory: Int {
        get throws {
            let status = try KernelText.read("/proc/\(process.processID)/status")
            let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
            return (line?.split(whereSeparator: { !$0.isNumber }).first).flatMap { Int($0) }.map { $0 << 10 } ?? .max
        }
    }

    /// Asks with `curl`, which gives the status, the head and the body.
    func curl(_ path: String, _ options: String...) async throws -> (
        result: CommandResult, status: Int, head: String, body: [UInt8]
    ) {
        let directory = try TemporaryDirectory()
        let result = try await Command(
            "curl",
            [
                "--silent", "--show-error", "--output", directory.path("body"), "--dump-header",
                directory.path("head"), "--write-out", "%{http_code}",
            ] + options + ["http://\(host)\(path)"]
        ).run()
        let body = (try? directory.read("body")) ?? []
        let head = (try? directory.read("head")) ?? []
        return (result, Int(result.outputText) ?? 0, Self.text(head).lowercased(), body)
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
