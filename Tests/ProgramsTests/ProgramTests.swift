import Foundation
import TestSupport
import Testing

@testable import Programs

/// Real programs of the system, started and ended.
@Suite struct ProgramTests {
    private static func shell(_ script: String) -> Program {
        Program(path: "/bin/sh", arguments: ["-c", script, "sh"])
    }

    @Test func `arguments arrive as they are, the environment is closed, and both outputs are read`() throws {
        let odd = ["", "a b", "$HOME", "'\"\n", "*", "ä"]
        let result = try Self.shell(#"printf '%s|' "$@"; env >&2; exit 3"#).run(odd)
        #expect(result.status == 3)
        #expect(String(decoding: result.output, as: UTF8.self) == odd.map { $0 + "|" }.joined())
        let variables = String(decoding: result.errorOutput, as: UTF8.self).split(separator: "\n")
        // A shell adds PWD and its own.
        #expect(variables.contains("PATH=" + Program.searchPath))
        #expect(variables.allSatisfy { $0.hasPrefix("PATH=") || $0.hasPrefix("PWD=") || $0.hasPrefix("_=") })
    }

    @Test func `what is sent comes back whole, however large`() throws {
        let bytes = (0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var taken: Int64 = 0
        let running = try RunningProgram(
            Program(path: "/bin/cat"), [], limit: 16 << 20, idleLimit: .seconds(20), progress: { taken += $0 })
        #expect(try unsafe bytes.withUnsafeBytes { try unsafe running.send($0) })
        let result = try running.finish()
        #expect(result.status == 0 && result.output == bytes && taken == Int64(bytes.count))
    }

    @Test func `a program that takes no more says so, and why`() throws {
        let running = try RunningProgram(Self.shell("echo no >&2; exit 7"), [], idleLimit: .seconds(20))
        let bytes = [UInt8](repeating: 1, count: 1 << 20)
        var wanted = true
        for _ in 0..<64 where wanted { wanted = try unsafe bytes.withUnsafeBytes { try unsafe running.send($0) } }
        #expect(!wanted)
        let result = try running.finish()
        #expect(result.status == 7 && result.errorOutput == Array("no\n".utf8))
    }

    @Test func `one that is looked at now and then is never kept from speaking, and its last words are read`() throws {
        let running = try RunningProgram(
            Self.shell("for n in $(seq 5000); do echo $n >&2; done; sleep 0.2; echo last >&2; exit 3"), [],
            idleLimit: .seconds(20))
        var result: Program.Result?
        for _ in 0..<6000 where result == nil {
            result = try running.resultIfEnded()
            usleep(10_000)
        }
        #expect(result?.status == 3 && result?.errorOutput.suffix(10) == Array("5000\nlast\n".utf8)[...])
    }

    @Test func `a program is ended when it does nothing, says too much, or is given up`() throws {
        #expect(throws: ProgramError(.timedOut, "")) {
            try Self.shell("sleep 1000").run([], idleLimit: .milliseconds(200))
        }
        #expect(throws: ProgramError(.overLimit, "")) { try Self.shell("yes").run([], limit: 1 << 20) }
        var processID: Int32 = 0
        do { processID = try RunningProgram(Self.shell("sleep 1000 & wait"), [], idleLimit: .seconds(9)).processID }
        #expect(kill(processID, 0) != 0 && errno == ESRCH)
    }

    @Test func `the end of a signal, the last of many errors, and what cannot be started are told`() throws {
        #expect(try Self.shell("kill -TERM $$").run([]).status == 128 + SIGTERM)
        let many = try Self.shell("seq 100000 >&2").run([])
        #expect(many.errorOutput.count == 16 << 10 && many.errorOutput.suffix(7) == Array("100000\n".utf8)[...])
        #expect(throws: ProgramError(.notStarted, "")) { try Program(path: "/nonexistent/program").run([]) }
        #expect(throws: ProgramError(.notStarted, "")) { try Program(path: "/etc/passwd").run([]) }
    }

    @Test func `only a program that nobody else can change is trusted`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(Array("#!/bin/sh\n".utf8), to: "program")
        #expect(!Program(path: path).isTrusted)
        for (mode, isTrusted) in [(0o755, true), (0o775, false), (0o757, false), (0o700, true)] {
            chmod(path, mode_t(mode))
            #expect(Program(path: path).isTrusted == isTrusted)
        }
        #expect(!Program(path: directory.path).isTrusted && !Program(path: path + "-not").isTrusted)
        guard geteuid() == 0 else { return }
        chown(path, 12345, 0)
        #expect(!Program(path: path).isTrusted)
    }
}
