import Glibc

/// A program that runs, with its input and output; ended when nobody holds it any more.
///
/// Standard input is a socket, since its buffer is large and writing to a closed one is no signal. Not shared between
/// threads.
public final class RunningProgram {
    /// Its process id, which is also that of its process group.
    public let processID: Int32
    private let name: String
    private let limit: Int
    private let idleLimit: Duration
    private let progress: (Int64) -> Void
    private let input: Channel
    private let output: Channel
    private let errors: Channel
    private var outputBytes: [UInt8] = []
    private var errorBytes: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)
    private var lastTransfer = ContinuousClock.now
    private var status: Int32?

    /// How many bytes of standard error are kept, from its end.
    private static let errorLimit = 16 << 10

    /// Starts it.
    ///
    /// - Parameters:
    ///   - program: What is run.
    ///   - arguments: What stands behind the program's own arguments.
    ///   - limit: How many bytes it may write to standard output.
    ///   - idleLimit: How long it may neither take nor give a byte while it is waited for.
    ///   - progress: Gets how many bytes of the input were taken, and 0 every second while nothing happens.
    /// - Throws: `ProgramError` with code `notStarted`.
    public init(
        _ program: Program, _ arguments: [String], limit: Int = 1 << 20, idleLimit: Duration,
        progress: @escaping (Int64) -> Void = { _ in }
    ) throws(ProgramError) {
        name = ([program.path] + program.arguments + arguments.prefix(8)).joined(separator: " ")
        self.limit = limit
        self.idleLimit = idleLimit
        self.progress = progress
        do throws(SystemError) {
            input = try Channel()
            output = try Channel()
            errors = try Channel()
            processID = try Child.spawn(
                program, arguments, files: [input.theirs.number, output.theirs.number, errors.theirs.number])
        } catch {
            throw ProgramError(.notStarted, "starting '\(program.path)': \(error)")
        }
        for channel in [input, output, errors] { channel.theirs.close() }
    }

    deinit { end(SIGKILL) }

    /// Sends the next bytes of its input; blocks while it takes none.
    ///
    /// - Returns: Whether more is wanted; else it has closed its input or ended, and `finish` tells why.
    /// - Throws: `ProgramError` with code `timedOut` or `overLimit`.
    public func send(_ bytes: UnsafeRawBufferPointer) throws(ProgramError) -> Bool {
        var start = 0
        while start < bytes.count {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[start...])
            let count = unsafe Glibc.send(input.ours.number, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            if count > 0 {
                start += count
                lastTransfer = .now
                progress(Int64(count))
            } else if errno == EAGAIN {
                try wait(toSend: true)
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }

    /// Ends its input, and does not wait.
    public func endInput() { shutdown(input.ours.number, Int32(SHUT_WR)) }

    /// Ends its input and waits until it has ended; blocks.
    ///
    /// - Returns: How it ended, and what it said.
    /// - Throws: `ProgramError` with code `timedOut` or `overLimit`.
    public func finish() throws(ProgramError) -> Program.Result {
        lastTransfer = .now
        endInput()
        while output.ours.isOpen || errors.ours.isOpen { try wait(toSend: false) }
        let status = self.status ?? Child.reap(processID)
        self.status = status
        return Program.Result(status: status, output: outputBytes, errorOutput: errorBytes)
    }

    /// How it ended by itself, and what it said; nil while it runs.
    ///
    /// - Throws: `ProgramError` with code `overLimit`.
    public func resultIfEnded() throws(ProgramError) -> Program.Result? {
        while try transfer(milliseconds: 0, toSend: false) {}
        if status == nil, let ended = Child.reapIfEnded(processID) {
            status = ended
            // What it said between the two questions.
            while try transfer(milliseconds: 0, toSend: false) {}
        }
        return status.map { Program.Result(status: $0, output: outputBytes, errorOutput: errorBytes) }
    }

    /// Ends it with a signal, and waits until it is gone; blocks.
    ///
    /// Its input stays open until then: it must not take the part that it has for the whole.
    public func end(_ signal: Int32) {
        guard status == nil else { return }
        kill(-processID, signal)
        status = Child.reap(processID)
    }

    /// Waits a second at most, and reads what has come.
    private func wait(toSend: Bool) throws(ProgramError) {
        guard try !transfer(milliseconds: 1000, toSend: toSend) else { return }
        progress(0)
        guard ContinuousClock.now - lastTransfer < idleLimit else {
            end(SIGKILL)
            throw ProgramError(.timedOut, "running '\(name)': it did nothing for \(idleLimit), and was ended")
        }
    }

    /// Whether anything could be done.
    private func transfer(milliseconds: Int32, toSend: Bool) throws(ProgramError) -> Bool {
        // A closed one is -1, which poll passes over.
        var wishes = [
            pollfd(fd: output.ours.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: errors.ours.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: toSend ? input.ours.number : -1, events: Int16(POLLOUT), revents: 0),
        ]
        guard unsafe poll(&wishes, nfds_t(wishes.count), milliseconds) > 0 else { return false }
        if wishes[0].revents != 0 { outputBytes += receive(output) }
        if wishes[1].revents != 0 {
            errorBytes += receive(errors)
            errorBytes.removeFirst(max(0, errorBytes.count - Self.errorLimit))
        }
        guard outputBytes.count <= limit else {
            end(SIGKILL)
            throw ProgramError(.overLimit, "running '\(name)': it said more than \(limit) bytes, and was ended")
        }
        return true
    }

    /// What is there; closes what has ended.
    private func receive(_ channel: Channel) -> ArraySlice<UInt8> {
        let count = unsafe recv(channel.ours.number, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        if count > 0 {
            lastTransfer = .now
            return buffer[..<count]
        }
        if count == 0 || (errno != EAGAIN && errno != EINTR) { channel.ours.close() }
        return []
    }
}
