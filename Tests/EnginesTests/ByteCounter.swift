import Synchronization

/// Adds up what a load says that it sent.
final class ByteCounter: Sendable {
    private let bytes = Mutex<Int64>(0)

    func add(_ count: Int64) { bytes.withLock { $0 += count } }

    var total: Int64 { bytes.withLock(\.self) }
}
