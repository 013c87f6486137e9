import Glibc

/// The end of a wait, whatever the clock is set to meanwhile.
struct Deadline: Sendable {
    private let end: ContinuousClock.Instant

    /// The moment that lies this far ahead.
    init(after duration: Duration) { end = .now + duration }

    /// Whether the wait is over.
    var hasPassed: Bool { .now >= end }

    /// Blocks for a fifth of a second, or what is left until the end.
    func pause() {
        let rest = min(max(end - .now, .zero), .milliseconds(200))
        var time = timespec(
            tv_sec: Int(rest.components.seconds), tv_nsec: Int(rest.components.attoseconds / 1_000_000_000))
        // A signal may end it early: whoever pauses looks again anyway.
        unsafe nanosleep(&time, nil)
    }
}
