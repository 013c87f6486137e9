import Dispatch
import Synchronization

/// Tells every second that the work is alive, as long as somebody holds it: for what blocks, and cannot tell that itself.
public final class Pulse: Sendable {
    private let listener: WorkListener
    private let queue = DispatchQueue(label: "pulse")
    private let hasEnded = Atomic(false)

    fileprivate init(_ listener: WorkListener) {
        self.listener = listener
        wait()
    }

    /// Tells no more.
    public func end() { hasEnded.store(true, ordering: .relaxed) }

    private func wait() {
        queue.asyncAfter(deadline: .now() + 1) { [weak self] in
            guard let self, !hasEnded.load(ordering: .relaxed) else { return }
            listener.advance(0)
            wait()
        }
    }
}

extension WorkListener {
    /// Begins to tell that the work is alive.
    public func pulse() -> Pulse { Pulse(self) }
}
