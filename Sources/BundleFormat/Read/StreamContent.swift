import Deflate

/// The bytes of a stream, as many at a time as are asked for.
///
/// A class, since closures that are called while a task waits cannot change what cannot be copied; used by one task.
final class StreamContent: ByteSource {
    private let frames: FrameReader
    private let runs: [FrameIndex.Run]
    private var decoder: FrameDecoder
    /// The run that is read, and how much of it was given.
    private var position = 0
    private var given = 0
    private var content: [UInt8] = []

    init(_ stream: FrameIndex.Stream, frames: FrameReader) throws(BundleError) {
        self.frames = frames
        runs = try frames.index.runs(of: stream)
        decoder = try FrameDecoder()
    }

    /// Fills a buffer from its start; says how many bytes there were, 0 at the end.
    ///
    /// - Throws: `BundleError` with code `notFound` or `damaged`.
    func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(BundleError) -> Int {
        var filled = 0
        while filled < buffer.count, position < runs.count {
            let run = runs[position]
            if given == 0 {
                content = []
                content = try frames.content(Int(run.frame), decoder: &decoder)
            }
            let count = min(buffer.count - filled, Int(run.length) - given)
            let start = Int(run.offset) + given
            let target = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<filled + count])
            unsafe target.copyBytes(from: content[start..<start + count])
            filled += count
            given += count
            if given == Int(run.length) {
                position += 1
                given = 0
                if position == runs.count { frames.finished(runs) }
            }
        }
        return filled
    }

    /// Corrections are read little by little.
    private static let pieceSize = 64 << 10

    /// The next bytes; none at the end.
    ///
    /// - Throws: As `fill`.
    func next() throws -> [UInt8] {
        try unsafe [UInt8](unsafeUninitializedCapacity: Self.pieceSize) { buffer, count in
            count = try unsafe fill(UnsafeMutableRawBufferPointer(buffer))
        }
    }
}
