import Dispatch
import DurableFiles
import Glibc
import Programs
import Synchronization

/// Podman's API, served by its own program on a socket of ours, as long as somebody holds this.
final class PodmanService: Sendable {
    /// Where it answers.
    let socket: String
    let program: Program
    private let folder: String
    private let messages: Messages

    /// Where the program is looked for.
    static let paths = ["/usr/bin/podman", "/usr/local/bin/podman", "/bin/podman"]

    /// It ends by itself after so long without a request, should we be killed.
    private static let patience = Duration.seconds(1800)

    /// Starts it; it does not answer at once.
    ///
    /// - Throws: `EngineError` with code `unreachable`.
    init(_ program: Program) throws(EngineError) {
        self.program = program
        // A socket's path must be short, wherever the state lies; the directory is ours alone (0700), and holds nothing else.
        var template = Array("/tmp/bundle-podman-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else {
            throw EngineError(
                .unreachable, "starting \(program.path): no directory for its socket could be made in /tmp")
        }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        socket = folder + "/podman.sock"
        let seconds = Self.patience.components.seconds
        do throws(ProgramError) {
            messages = Messages(
                try RunningProgram(
                    program, ["system", "service", "--time=\(seconds)", "unix://" + socket], idleLimit: .seconds(60)))
        } catch {
            unsafe rmdir(folder)
            throw EngineError(.unreachable, error.message, cause: error)
        }
        messages.read()
    }

    /// What it complained about, if it has ended.
    var complaint: EngineError? {
        guard let result = messages.result else { return nil }
        return EngineError(
            .unsupported,
            "\(program.path) system service ended with \(result.status): "
                + String(daemon: String(decoding: result.errorOutput, as: UTF8.self)))
    }

    deinit {
        messages.end()
        unsafe unlink(socket)
        unsafe rmdir(folder)
    }

    /// It writes a line for each layer that it takes, and stands still when nobody reads them.
    private final class Messages: Sendable {
        private let running: Mutex<RunningProgram>
        private let queue = DispatchQueue(label: "podman's messages")

        init(_ running: sending RunningProgram) { self.running = Mutex(running) }

        /// How it ended; nil while it runs.
        var result: Program.Result? { running.withLock { try? $0.resultIfEnded() } }

        /// Reads what comes until it has ended.
        func read() {
            queue.asyncAfter(deadline: .now() + .milliseconds(100)) { [self] in
                if result == nil { read() }
            }
        }

        func end() { running.withLock { $0.end(SIGTERM) } }
    }
}
