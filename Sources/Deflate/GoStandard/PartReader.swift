/// Cuts a stream that is pulled into parts.
struct PartReader: ~Copyable {
    private let partSize: Int
    /// Where the next part starts.
    private var start = 0
    /// The next part's bytes after the half window before them; nil before the first is read.
    private var following: [UInt8]?

    init(partSize: Int) {
        precondition(partSize > 0 && partSize % StreamPart.unit == 0, "parts are multiples of 32 KiB")
        self.partSize = partSize
    }

    /// The next part; nil at the end of the stream.
    mutating func next(_ pull: (UnsafeMutableRawBufferPointer) throws -> Int) throws -> StreamPart? {
        var bytes = try unsafe following ?? read(after: [], pull)
        let history = start == 0 ? 0 : StreamPart.unit
        let end = start + bytes.count - history
        guard end > start else { return nil }
        // Only a full part can have one after it.
        let next = try unsafe read(after: bytes.suffix(StreamPart.unit), end - start == partSize ? pull : { _ in 0 })
        let ahead = next.dropFirst(StreamPart.unit)
        // Fits the capacity.
        bytes += ahead.prefix(StreamPart.lookahead)
        following = next
        defer { start = end }
        return StreamPart(
            range: start..<end, bytes: bytes, history: history,
            streamEnd: ahead.count <= StreamPart.lookahead && ahead.count < partSize ? end + ahead.count : nil)
    }

    /// Reads a part's bytes after those before it; fewer at the end of the stream.
    private func read(
        after history: ArraySlice<UInt8>, _ pull: (UnsafeMutableRawBufferPointer) throws -> Int
    ) throws -> [UInt8] {
        let capacity = StreamPart.unit + partSize + StreamPart.lookahead
        return try unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            unsafe history.withUnsafeBytes { unsafe UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
            count = history.count
            let end = count + partSize
            while count < end {
                let free = unsafe UnsafeMutableBufferPointer(rebasing: buffer[count..<end])
                let added = try unsafe pull(UnsafeMutableRawBufferPointer(free))
                if added == 0 { break }
                count += added
            }
        }
    }
}
