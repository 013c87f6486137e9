import Foundation
import Synchronization

/// A program that runs; killed when nobody holds it any more.
public final class RunningCommand: Sendable {
    /// Its process id, which is also that of its process group.
    public let processID: Int32
    private let child: Child
    private let outputFile: FileHandle
    private let errorFile: FileHandle

    init(_ command: Command) throws {
        guard let program = Toolbox.path(of: command.program) else {
            throw CommandError(
                .notFound, "'\(command.program)' is not installed; 'make deps' installs what the tests need")
        }
        let input = try Self.unlinkedFile()
        outputFile = try Self.unlinkedFile()
        errorFile = try Self.unlinkedFile()
        try input.write(contentsOf: command.input)
        try input.seek(toOffset: 0)
        let files = [input.fileDescriptor, outputFile.fileDescriptor, errorFile.fileDescriptor]
        // One thread starts the process and waits for it: the process gets SIGTERM when that thread goes before it does,
        // so registries and daemons end also when the tests crash or are killed.
        let started = DispatchSemaphore(value: 0)
        let attempt = Attempt()
        Thread.detachNewThread {
            let result = Result { Child(try Self.spawn(command, program: program, files: files)) }
            attempt.result.withLock { $0 = result }
            started.signal()
            if case .success(let child) = result { child.reap() }
        }
        started.wait()
        guard let result = attempt.result.withLock(\.self) else {
            throw CommandError(.system, "the thread that was to start '\(command.line)' left nothing")
        }
        child = try result.get()
        processID = child.processID
        withExtendedLifetime(input) {}
    }

    deinit { child.kill(SIGKILL) }

    /// Sends a signal, unless it has ended; SIGKILL when nothing else is said.
    public func kill(_ signal: Int32 = 9) { child.kill(signal) }

    /// Waits for the end, without blocking a thread of the pool; cancelling the task kills it.
    @discardableResult
    public func waitForEnd() async -> CommandStatus {
        await withTaskCancellationHandler {
            await ended()
        } onCancel: {
            kill()
        }
    }

    private func ended() async -> CommandStatus { await withCheckedContinuation { child.whenEnded($0) } }

    /// Asks it to end with SIGTERM, kills it when it has not done so in time, and waits for the end.
    @discardableResult
    public func stop(within time: Duration = .seconds(20)) async -> CommandStatus {
        kill(SIGTERM)
        kill(after: time)
        return await ended()
    }

    /// As `stop`, but blocks; for `deinit`.
    func stopBlocking(within time: Duration = .seconds(20)) {
        kill(SIGTERM)
        kill(after: time)
        while status == nil { usleep(5000) }
    }

    /// How it ended; nil while it runs.
    public var status: CommandStatus? { child.state.withLock(\.status) }

    /// What it has written to standard output by now.
    public func output() -> [UInt8] { Self.contents(of: outputFile) }

    /// What it has written to standard error by now.
    public func errorOutput() -> [UInt8] { Self.contents(of: errorFile) }

    var wasKilledByTimeout: Bool { child.state.withLock(\.timedOut) }

    func kill(after time: Duration) {
        let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
        DispatchQueue.global().asyncAfter(deadline: .now() + seconds) { [weak child] in child?.timeOut() }
    }

    /// A file without a name; closed in every other program that is started.
    private static func unlinkedFile() throws -> FileHandle {
        let path = "/tmp/bundle-io-" + UUID().uuidString
        let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw CommandError(.system, "cannot make \(path): \(String(cString: strerror(errno)))") }
        unlink(path)
        return FileHandle(fileDescriptor: file, closeOnDealloc: true)
    }

    /// Reads from the start without moving the offset, which the program shares.
    private static func contents(of file: FileHandle) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = pread(file.fileDescriptor, &buffer, buffer.count, bytes.count)
            guard count > 0 else { return bytes }
            bytes.append(contentsOf: buffer[..<count])
        }
    }

    private static func spawn(_ command: Command, program: String, files: [Int32]) throws -> Int32 {
        var variables = command.inheritsEnvironment ? ProcessInfo.processInfo.environment : [:]
        variables.merge(command.environment) { $1 }
        // Both become the program. Glibc's module hides posix_spawn_file_actions_addchdir_np, therefore `env`.
        let directory = command.workingDirectory.map { ["/usr/bin/env", "--chdir=" + $0] } ?? []
        let start = ["/usr/bin/setpriv", "--pdeathsig", "TERM", "--"] + directory
        let arguments = (start + [program] + command.arguments).map { strdup($0) } + [nil]
        let environment = variables.map { strdup("\($0)=\($1)") } + [nil]
        defer { for pointer in arguments + environment { free(pointer) } }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (position, file) in files.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, file, Int32(position))
        }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var processID: pid_t = 0
        let failure = posix_spawn(&processID, start[0], &actions, &attributes, arguments, environment)
        guard failure == 0 else {
            throw CommandError(.system, "cannot start '\(command.line)': \(String(cString: strerror(failure)))")
        }
        return processID
    }
}

/// What the thread that starts a process hands back.
private final class Attempt: Sendable {
    let result = Mutex<Result<Child, any Error>?>(nil)
}

/// The state that the owner shares with the thread that waits for the process.
private final class Child: Sendable {
    struct State {
        var status: CommandStatus?
        var timedOut = false
        var waiters: [CheckedContinuation<CommandStatus, Never>] = []
    }

    let processID: Int32
    let state = Mutex(State())

    init(_ processID: Int32) { self.processID = processID }

    /// Signals only while the process has not been reaped, so never one that took over its id.
    func kill(_ signal: Int32) {
        state.withLock { state in
            guard state.status == nil else { return }
            Foundation.kill(processID, signal)
        }
    }

    func timeOut() {
        state.withLock { state in
            guard state.status == nil else { return }
            state.timedOut = true
            Foundation.kill(processID, SIGKILL)
        }
    }

    func whenEnded(_ waiter: CheckedContinuation<CommandStatus, Never>) {
        let status = state.withLock { state in
            if state.status == nil { state.waiters.append(waiter) }
            return state.status
        }
        if let status { waiter.resume(returning: status) }
    }

    /// Blocks until the process ends; reaps it under the lock.
    func reap() {
        var info = siginfo_t()
        while waitid(P_PID, id_t(processID), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        let (status, waiters) = state.withLock { state in
            var raw: Int32 = 0
            while waitpid(processID, &raw, 0) < 0, errno == EINTR {}
            let signal = raw & 0x7F
            let status = signal == 0 ? CommandStatus.exited(raw >> 8 & 0xFF) : .signalled(signal)
            state.status = status
            defer { state.waiters = [] }
            return (status, state.waiters)
        }
        for waiter in waiters { waiter.resume(returning: status) }
    }
}
