import Synchronization

/// Shows how far a long work has come: a bar on a terminal, now and then a line in a log, nothing when not wanted.
public final class ProgressMeter: Sendable {
    private struct State {
        var phase = ""
        var done: Int64 = 0
        var total: Int64 = 0
        var started = ContinuousClock.now
        var shown = ContinuousClock.now
        var hasBar = false
    }

    private let state = Mutex(State())
    private let isWanted: Bool
    private let isTerminal = Terminal.showsProgress

    /// One that shows something, or nothing at all.
    public init(isWanted: Bool) { self.isWanted = isWanted }

    /// Shows what a work tells.
    public var listener: WorkListener {
        WorkListener(phase: { self.start($0, total: $1) }, advance: { self.advance($0) }, note: { self.note($0) })
    }

    /// Begins a phase of so many bytes, and ends the one before.
    public func start(_ phase: String, total: Int64) {
        finish()
        state.withLock { $0 = State(phase: phase, total: total) }
    }

    /// So many more bytes are done.
    public func advance(_ bytes: Int64) {
        guard isWanted else { return }
        let interval: Duration = isTerminal ? .milliseconds(100) : .seconds(10)
        state.withLock { state in
            state.done += bytes
            let now = ContinuousClock.now
            guard now - state.shown >= interval, !state.phase.isEmpty else { return }
            state.shown = now
            state.hasBar = true
            let line = Self.line(state, now: now)
            Terminal.raw(isTerminal ? "\r\(line)\u{1B}[K" : line + "\n")
        }
    }

    /// So many more bytes of a phase are done, for those who tell its total with every step.
    public func advance(_ bytes: Int64, of total: Int64, phase: String) {
        state.withLock { state in
            state.phase = phase
            state.total = total
        }
        advance(bytes)
    }

    /// Ends the bar, and says what a phase took.
    public func finish() {
        guard isWanted else { return }
        state.withLock { state in
            guard !state.phase.isEmpty, state.total > 0 else { return }
            let line =
                "\(state.phase): \(Text.bytes(state.done)) in \(Text.duration(ContinuousClock.now - state.started))"
            Terminal.raw(isTerminal && state.hasBar ? "\r\(line)\u{1B}[K\n" : line + "\n")
            state.phase = ""
        }
    }

    /// A sentence worth a line.
    public func note(_ sentence: String) { if isWanted { Terminal.error(sentence) } }

    private static func line(_ state: State, now: ContinuousClock.Instant) -> String {
        let elapsed = now - state.started
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
        let rate = seconds > 0 ? Double(state.done) / seconds : 0
        var line = "\(state.phase): \(Text.bytes(state.done))"
        if state.total > 0 {
            line += " of \(Text.bytes(state.total)) (\(Text.percent(state.done, of: state.total)))"
        }
        line += ", \(Text.bytes(Int64(rate)))/s"
        if rate > 0, state.total > state.done {
            line += ", \(Text.duration(.seconds(Double(state.total - state.done) / rate))) left"
        }
        return line
    }
}
