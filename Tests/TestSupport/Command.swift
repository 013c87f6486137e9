/// A program with its arguments, run without a shell.
///
/// Its output goes through unlinked files, so no amount of it can block the program, and no grandchild that keeps it
/// open can keep the test waiting.
public struct Command: Sendable {
    /// A name that is looked up in `PATH`, or a path.
    public var program: String
    /// The arguments, without the program's name.
    public var arguments: [String]
    /// Variables beside or instead of the inherited ones.
    public var environment: [String: String]
    /// Whether the variables of the test's own process are handed on.
    public var inheritsEnvironment: Bool
    /// What the program reads from its standard input.
    public var input: [UInt8]
    /// Where it runs; nil for where the tests run.
    public var workingDirectory: String?
    /// After this time `run` kills it.
    public var timeout: Duration

    /// A program that has not been started yet.
    public init(
        _ program: String, _ arguments: [String] = [], environment: [String: String] = [:],
        inheritsEnvironment: Bool = true, input: [UInt8] = [], workingDirectory: String? = nil,
        timeout: Duration = .seconds(300)
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.inheritsEnvironment = inheritsEnvironment
        self.input = input
        self.workingDirectory = workingDirectory
        self.timeout = timeout
    }

    /// Runs it to its end, whatever that is; cancelling the task kills it.
    ///
    /// - Throws: `CommandError` with code `notFound`, `system` or `timedOut`.
    public func run() async throws -> CommandResult {
        let child = try start()
        child.kill(after: timeout)
        let status = await child.waitForEnd()
        let result = CommandResult(status: status, output: child.output(), errorOutput: child.errorOutput())
        guard !child.wasKilledByTimeout else {
            throw CommandError(.timedOut, "'\(line)' did not end in \(timeout): \(result.errorText)")
        }
        return result
    }

    /// Runs it and demands exit status 0.
    ///
    /// - Throws: as `run`, and `CommandError` with code `failed` and what it wrote to standard error.
    @discardableResult
    public func check() async throws -> CommandResult {
        let result = try await run()
        guard result.status == .exited(0) else {
            throw CommandError(
                .failed, "'\(line)' ended with \(result.status): \(result.errorText) \(result.outputText)")
        }
        return result
    }

    /// Starts it and returns at once; it is killed when nobody holds the result any more.
    ///
    /// - Throws: `CommandError` with code `notFound` or `system`.
    public func start() throws -> RunningCommand { try RunningCommand(self) }

    /// Runs a program and demands exit status 0; gives its standard output as text, without the last line feed.
    @discardableResult
    public static func text(_ program: String, _ arguments: String...) async throws -> String {
        var text = try await Command(program, arguments).check().outputText
        if text.hasSuffix("\n") { text.removeLast() }
        return text
    }

    /// As a person would type it; for messages only.
    public var line: String { ([program] + arguments).joined(separator: " ") }
}

/// How a program ended.
public enum CommandStatus: Hashable, Sendable, CustomStringConvertible {
    /// By itself, with this status.
    case exited(Int32)
    /// By this signal.
    case signalled(Int32)

    /// As `exit status 4` or `signal 9`.
    public var description: String {
        switch self {
        case .exited(let status): "exit status \(status)"
        case .signalled(let signal): "signal \(signal)"
        }
    }
}

/// What a program left behind.
public struct CommandResult: Sendable {
    /// How it ended.
    public let status: CommandStatus
    /// What it wrote to standard output.
    public let output: [UInt8]
    /// What it wrote to standard error.
    public let errorOutput: [UInt8]

    /// Standard output as text.
    public var outputText: String { String(decoding: output, as: UTF8.self) }
    /// Standard error as text.
    public var errorText: String { String(decoding: errorOutput, as: UTF8.self) }
}
