import Dispatch
import Synchronization

/// The frames of a stream in the order of their first use, each decoded on another thread while the one before is used.
///
/// Used by one thread. What is still being decoded when nobody wants it any more ends by itself.
/// Memory: that of one decoder, which both threads use in turn.
struct FramesAhead {
    /// Each frame once.
    private let order: [Int]
    /// How many of them were used.
    private var used = 0
    private let worker: Worker
    private var coming: Coming?

    init(_ runs: [FrameIndex.Run], reader: FrameReader) throws(BundleError) {
        var seen: Set<UInt32> = []
        order = runs.filter { seen.insert($0.frame).inserted }.map { Int($0.frame) }
        worker = try Worker(reader)
    }

    /// The content of the frame that a run needs; at its first use the frame after it begins to be decoded.
    ///
    /// - Throws: As `FrameReader.content`.
    mutating func content(_ number: Int) throws(BundleError) -> [UInt8] {
        guard used < order.count, order[used] == number else { return try worker.content(number) }
        let content = if let coming { try coming.content() } else { try worker.content(number) }
        used += 1
        coming = used < order.count ? Coming(order[used], worker) : nil
        return content
    }

    /// A decoder that one thread at a time has.
    private final class Worker: Sendable {
        private let reader: FrameReader
        // Of its own: threads of the shared queues are few, and wait here for what it does.
        private let queue = DispatchQueue(label: "frames ahead")
        private let decoder: Mutex<FrameDecoder>

        init(_ reader: FrameReader) throws(BundleError) {
            self.reader = reader
            decoder = Mutex(try FrameDecoder())
        }

        /// Does something on the thread of this decoder.
        func begin(_ work: @escaping @Sendable () -> Void) { queue.async(execute: work) }

        func content(_ number: Int) throws(BundleError) -> [UInt8] {
            // Without waiting for the decoder, which the other thread may have.
            if let kept = reader.keptContent(number) { return kept }
            return try decoder.withLock { (decoder) throws(BundleError) in
                try reader.content(number, decoder: &decoder)
            }
        }
    }

    /// A frame that another thread decodes.
    private final class Coming: Sendable {
        private let result = Mutex(Result<[UInt8], BundleError>.success([]))
        private let ended = DispatchSemaphore(value: 0)

        init(_ number: Int, _ worker: Worker) {
            worker.begin { [self] in
                let content = Result { () throws(BundleError) in try worker.content(number) }
                result.withLock { $0 = content }
                ended.signal()
            }
        }

        /// Waits for it; once.
        func content() throws(BundleError) -> [UInt8] {
            ended.wait()
            return try result.withLock(\.self).get()
        }
    }
}
