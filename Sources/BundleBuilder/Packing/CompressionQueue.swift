/// Keeps frames that are compressed at the same time in their order, and bounds how many there are.
struct CompressionQueue {
    /// A frame that is done, with its number.
    typealias Done = (number: Int, frame: FrameCompressor.CompressedFrame)

    private let width: Int
    private var started = 0
    private var running = 0
    private var written = 0
    private var done: [Int: FrameCompressor.CompressedFrame] = [:]

    /// A queue for so many workers; one more frame waits so that none of them does.
    init(width: Int) { self.width = max(1, width) + 1 }

    /// Whether a frame must be waited for before the next one starts.
    ///
    /// Counts frames that are done but not written too: one slow frame must not let quick ones pile up behind it.
    var isFull: Bool { running >= width || started - written >= 2 * width }

    /// The number of a frame that starts now.
    mutating func start() -> Int {
        defer { started += 1 }
        running += 1
        return started
    }

    /// Takes a frame that is done.
    mutating func finish(_ frame: Done) {
        running -= 1
        done[frame.number] = frame.frame
    }

    /// The frames whose turn it is.
    mutating func takeReady() -> [FrameCompressor.CompressedFrame] {
        var ready: [FrameCompressor.CompressedFrame] = []
        while let frame = done.removeValue(forKey: written) {
            ready.append(frame)
            written += 1
        }
        return ready
    }
}
