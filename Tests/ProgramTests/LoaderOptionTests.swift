import Foundation
import TestSupport
import Testing

/// The command line of bundle-firstboot.
@Suite struct LoaderOptionTests {
    /// Beside the program bundle.
    private static let path = URL(fileURLWithPath: Program.path).deletingLastPathComponent()
        .appendingPathComponent("bundle-firstboot").path

    private func run(_ arguments: [String]) async throws -> CommandResult {
        try await Command(Self.path, arguments, inheritsEnvironment: false, timeout: .seconds(20)).run()
    }

    @Test(arguments: [
        [["--help"], ["-h"], ["--config", "/no/file", "--help"]], [["--version"], ["--config=/no/file", "--version"]],
    ])
    func answersOnStandardOutput(lines: [[String]]) async throws {
        for arguments in lines {
            let result = try await run(arguments)
            #expect(result.status == .exited(0), "\(arguments): \(result.errorText)")
            #expect(try await result.output == run(lines[0]).output)
            #expect(result.errorText.isEmpty)
        }
    }

    @Test func helpNamesEveryOption() async throws {
        let text = try await run(["--help"]).outputText
        let options = [
            "--config FILE", "--check-config", "--status", "--json", "--wait-for MARKER", "--version", "--help",
        ]
        for option in options { #expect(text.contains("\n  " + option), "\(option)") }
        #expect(text.split(separator: "\n").allSatisfy { $0.utf8.count <= 100 })
    }

    @Test(arguments: [
        (["bundle"], "'bundle'"), (["--chekc-config"], "'--chekc-config'"), (["-v"], "'-v'"), (["--"], "'--'"),
        (["-"], "'-'"), ([""], "''"), (["--config"], "FILE"), (["--config="], "FILE"), (["--config", ""], "FILE"),
        (["--wait-for"], "MARKER"), (["--version=1"], "no value"), (["--status", "--status"], "twice"),
        (["--config", "a", "--config=b"], "twice"), (["--status", "--check-config"], "--check-config and --status"),
        (["--wait-for", "a", "--version"], "--wait-for and --version"), (["--json"], "--status"),
        (["--json", "--version"], "--status"), (["--help", "--nothing"], "'--nothing'"),
        (["--Config", "a"], "'--Config'"),
    ])
    func refusesMistakes(arguments: [String], expected: String) async throws {
        let result = try await run(arguments)
        #expect(result.status == .exited(64), "\(arguments)")
        #expect(result.errorText.contains(expected), "\(result.errorText)")
        #expect(result.errorText.hasPrefix("bundle-firstboot: "))
        #expect(result.errorText.split(separator: "\n").count == 1)
        #expect(result.output.isEmpty)
    }
}
