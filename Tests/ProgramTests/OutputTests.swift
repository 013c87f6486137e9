import TestSupport
import Testing

/// Where data and sentences go, and what happens when they cannot.
@Suite struct OutputTests {
    /// A pipe that nobody reads; its reading end is closed before the program starts.
    private static let closedPipe = "mkfifo pipe && exec 3<>pipe 4>pipe 3<&- && rm pipe && "

    private static func bundle() async throws -> Program {
        let program = try await Program()
        var images = ImageSet()
        images.add(try await ImageFactory.small(), tag: "one")
        try images.write(to: program.directory.path("layout"))
        try await program.build(try program.spec("  - image: oci-layout:./layout@one\n    as: [local/one:1]"))
        return program
    }

    /// Commands that only read, and say much.
    private static func commands(_ program: Program) -> [[String]] {
        let verify = ["verify", program.directory.path("bundle"), "--trust", program.trusted, "--no-progress"]
        let inspect = ["inspect", program.directory.path("bundle")]
        return [inspect, inspect + ["--json"], verify, verify + ["--json"]]
    }

    /// Runs the program from a line of shell, with the action on a closed pipe that a shell gives.
    private static func run(_ line: String, _ arguments: [String], _ program: Program) async throws -> CommandResult {
        var command = program.command(["-c", line, Program.path] + arguments)
        command.program = "sh"
        return try await command.run()
    }

    @Test func `names do not reach the terminal with what moves its cursor`() async throws {
        let program = try await Program()
        let name = "no\u{1B}]0;title\u{7}\u{202E}site\r\n"
        let result = try await program.command(["inspect", program.directory.path(name)]).run()
        #expect(result.errorText.contains("no\\u{1b}]0;title\\u{7}\\u{202e}site\\u{d}\\u{a}"))
        #expect(result.errorText.filter { $0.isNewline } == "\n")
    }

    @Test func `data that finds no room is exit code 6, with one sentence`() async throws {
        let program = try await Self.bundle()
        for arguments in Self.commands(program) {
            let result = try await Self.run("exec \"$0\" \"$@\" >/dev/full", arguments, program)
            #expect(result.status == .exited(6), "\(arguments): \(result.errorText)")
            #expect(result.errorText.hasPrefix("bundle: writing to standard output: No space left on device;"))
        }
    }

    @Test func `a reader that goes away ends the program without a word`() async throws {
        let program = try await Self.bundle()
        for arguments in Self.commands(program) {
            let result = try await Self.run(
                Self.closedPipe + "exec env --default-signal=PIPE \"$0\" \"$@\" >&4 4>&-", arguments, program)
            #expect(result.status == .exited(1), "\(arguments): \(result.errorText)")
            #expect(result.errorText.isEmpty, "\(arguments)")
        }
    }

    @Test func `sentences that nobody can read change nothing`() async throws {
        let program = try await Self.bundle()
        let verify = ["verify", program.directory.path("bundle"), "--trust", program.trusted]
        let expected = try await program.verify().outputText
        #expect(expected.contains("OK: "))
        for line in [
            "exec \"$0\" \"$@\" 2>/dev/full",
            Self.closedPipe + "exec env --default-signal=PIPE \"$0\" \"$@\" 2>&4 4>&-",
        ] {
            let result = try await Self.run(line, verify, program)
            #expect(result.status == .exited(0) && result.outputText == expected)
        }
    }

    @Test func `one thing is not several`() async throws {
        let program = try await Self.bundle()
        #expect(try await program.verify().outputText.contains("1 image, "))
        let spec = program.directory.path("spec.yaml")
        #expect(try await program.succeed("build", spec, "--dry-run").contains("1 image, "))
        let built = try await program.build(spec).outputText
        #expect(built.contains("1 image, "))
        try program.directory.write("stray", to: "bundle/stray")
        #expect(try await program.verify().outputText.contains("DAMAGED: 1 fault; 1 image, "))
    }

    @Test func `a build and an inventory name the same size of the bundle`() async throws {
        let program = try await Self.bundle()
        let built = try await program.build(program.directory.path("spec.yaml")).outputText
        let shown = try await program.succeed("inspect", program.directory.path("bundle"))
        let line = try #require(shown.split(separator: "\n").last)
        #expect(line.hasPrefix("bundle ") && line.hasSuffix(" of the distinct blobs"))
        let size = line.dropFirst("bundle ".count).drop { $0 == " " }
        #expect(built.contains("bundle \(size)\n"), "\(built)")
    }
}
