/// What a build, a load or another long work tells while it goes on; called from any thread.
public struct WorkListener: Sendable {
    /// A phase starts: its name, and how many bytes it will go through.
    public let phase: @Sendable (_ name: String, _ bytes: Int64) -> Void
    /// So many more bytes of the current phase are done; 0 only says that the work is alive.
    public let advance: @Sendable (_ bytes: Int64) -> Void
    /// A sentence worth a line.
    public let note: @Sendable (_ sentence: String) -> Void

    /// A listener of its parts.
    public init(
        phase: @escaping @Sendable (_ name: String, _ bytes: Int64) -> Void,
        advance: @escaping @Sendable (_ bytes: Int64) -> Void, note: @escaping @Sendable (_ sentence: String) -> Void
    ) {
        self.phase = phase
        self.advance = advance
        self.note = note
    }

    /// One that hears nothing.
    public static let none = WorkListener(phase: { _, _ in }, advance: { _ in }, note: { _ in })
}
