import Glibc

/// A program at a fixed place that is run without a shell, with arguments as they are and an environment of its own.
public struct Program: Sendable, Hashable {
    /// Where it lies.
    public let path: String
    /// What stands before all other arguments.
    public let arguments: [String]
    /// All that it gets as its environment.
    public let environment: [String: String]

    /// Where programs that it starts are looked for.
    public static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// A program of its parts.
    public init(
        path: String, arguments: [String] = [], environment: [String: String] = ["PATH": Program.searchPath]
    ) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
    }

    /// The same with further first arguments.
    public func with(_ arguments: String...) -> Program {
        Program(path: path, arguments: self.arguments + arguments, environment: environment)
    }

    /// Whether the file may be run: it belongs to root or to us, and nobody else can write to it.
    ///
    /// Links are followed, as programs are installed with them. It may change later; who can do that is root or us.
    public var isTrusted: Bool {
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o111 != 0 else {
            return false
        }
        return (status.st_uid == 0 || status.st_uid == geteuid()) && status.st_mode & 0o022 == 0
    }

    /// How a program ended, and what it said.
    public struct Result: Sendable {
        /// Its exit status; 128 and the signal's number when a signal ended it.
        public let status: Int32
        /// What it wrote to standard output.
        public let output: [UInt8]
        /// The end of what it wrote to standard error.
        public let errorOutput: [UInt8]

        /// The lines of standard output.
        public var lines: [Substring] { String(decoding: output, as: UTF8.self).split(separator: "\n") }
    }

    /// Runs it to its end, without input; blocks.
    ///
    /// - Parameters:
    ///   - arguments: What stands behind the program's own arguments.
    ///   - limit: How many bytes it may write to standard output.
    ///   - idleLimit: How long it may say nothing.
    /// - Returns: How it ended, and what it said.
    /// - Throws: `ProgramError`.
    public func run(
        _ arguments: [String], limit: Int = 64 << 20, idleLimit: Duration = .seconds(300)
    ) throws(ProgramError) -> Result {
        let running = try RunningProgram(self, arguments, limit: limit, idleLimit: idleLimit)
        return try running.finish()
    }
}
