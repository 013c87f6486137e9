import Foundation
import TestSupport
import Testing

/// Whether the static program is there, and may be run in a root of its own.
enum StaticLoader {
    static let path = Program.root + "/dist/bundle-firstboot"

    static let isTestable: Bool = {
        guard (access(path, X_OK) == 0 && geteuid() == 0) || Toolbox.requiresTools else {
            FileHandle.standardError.write(
                Data(
                    "\n*** tests of the static loader are SKIPPED; they need 'make loader', and to run as root\n\n".utf8
                ))
            return false
        }
        return Toolbox.has("chroot")
    }()
}

/// dist/bundle-firstboot in a directory that holds nothing else: no /proc, no /etc, no /dev.
@Suite(.enabled(if: StaticLoader.isTestable)) struct StaticLoaderTests {
    private let root: TemporaryDirectory

    init() async throws {
        root = try TemporaryDirectory()
        // By a program of its own: a file that this process wrote may be open in what other tests start meanwhile.
        try await Command("cp", [StaticLoader.path, root.path("bundle-firstboot")]).check()
    }

    private func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> CommandResult {
        try await Command(
            "chroot", [root.path, "/bundle-firstboot"] + arguments, environment: environment,
            inheritsEnvironment: false,
            timeout: .seconds(20)
        ).run()
    }

    @Test func startsInAnEmptyRoot() async throws {
        let result = try await run(["--version"])
        #expect(result.status == .exited(0), "\(result.errorText)")
        #expect(result.outputText.hasSuffix("\n") && result.outputText.first?.isNumber == true)
        #expect(result.errorText.isEmpty)
    }

    @Test func seesItsArgumentsThere() async throws {
        #expect(try await run(["--help"]).outputText.contains("--check-config"))
        let result = try await run(["--status", "--no-such-option"])
        #expect(result.status == .exited(64))
        #expect(result.errorText.contains("'--no-such-option'"))
    }

    /// They would make Swift's runtime look for files, or abort where it finds none.
    @Test(arguments: [
        ["SWIFT_BACKTRACE": "enable=yes"], ["SWIFT_ROOT": "/nowhere"],
        ["SWIFT_BACKTRACE": "swift-backtrace=/bundle-firstboot"],
    ])
    func startsWithVariablesOfTheRuntime(environment: [String: String]) async throws {
        #expect(try await run(["--version"], environment: environment).status == .exited(0))
    }
}
