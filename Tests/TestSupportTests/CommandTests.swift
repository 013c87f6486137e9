import Foundation
import TestSupport
import Testing

@Suite struct CommandTests {
    @Test func `output larger than any pipe does not block`() async throws {
        let result = try await Command("cat", input: [UInt8](repeating: 7, count: 5 << 20)).check()
        #expect(result.output.count == 5 << 20)
    }
    @Test func `a program that takes too long is killed`() async throws {
        await #expect(throws: CommandError(.timedOut, "")) {
            try await Command("sleep", ["60"], timeout: .milliseconds(100)).run()
        }
    }
    @Test func `an exit status and a signal are told apart`() async throws {
        #expect(try await Command("false").run().status == .exited(1))
        let running = try Command("sleep", ["60"]).start()
        running.kill()
        #expect(await running.waitForEnd() == .signalled(9))
    }
    @Test func `an absent program is an error of its own`() async throws {
        await #expect(throws: CommandError(.notFound, "")) { try await Command("no-such-program").run() }
    }
    @Test func `directory and environment are those that were asked for`() async throws {
        let directory = try TemporaryDirectory()
        let result = try await Command("env", ["pwd"], workingDirectory: directory.path).check()
        #expect(result.outputText == directory.path + "\n")
        let env = try await Command("env", environment: ["A": "b"], inheritsEnvironment: false).check()
        #expect(env.outputText == "A=b\n")
    }
}
