/// The content of one member of a gzip blob, as much at a time as is asked for.
struct MemberContent<Blob: RandomAccessBytes> {
    private let blob: Blob
    private let inflater = Inflater()
    private var inflated: [UInt8] = []
    private var used = 0
    /// Where the next byte of the member lies in the blob, or the first byte after it.
    private(set) var position: Int64
    /// How many bytes `fill` gave so far.
    private(set) var given: Int64 = 0

    /// A blob may come out a thousand times as large.
    private static var chunkSize: Int64 { 16 << 10 }

    /// Holds what cannot be copied, as closures that are called while a task waits may not.
    private final class Inflater {
        var value = GzipInflater()
    }

    /// The content of the member that starts at an offset.
    init(_ blob: Blob, at start: Int64) {
        self.blob = blob
        position = start
    }

    /// Whether the member was read to its end.
    var isAtEnd: Bool { inflater.value.membersSeen == 1 }

    /// The next bytes; nil at the member's end.
    mutating func next() throws -> [UInt8]? {
        inflated.removeAll(keepingCapacity: true)
        try inflate()
        return inflated.isEmpty ? nil : inflated
    }

    /// Fills a buffer from its start; says how many bytes there were, 0 at the member's end.
    mutating func fill(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if used == inflated.count {
            used = 0
            inflated.removeAll(keepingCapacity: true)
            try inflate()
        }
        let count = min(buffer.count, inflated.count - used)
        unsafe buffer.copyBytes(from: inflated[used..<used + count])
        used += count
        given += Int64(count)
        try Task.checkCancellation()
        return count
    }

    /// Inflates until there are bytes, or the member ends.
    private mutating func inflate() throws {
        while inflated.isEmpty, !isAtEnd {
            guard position < blob.size else { return try inflater.value.finish() }
            let chunk = try blob.read(at: position, count: Int(min(Self.chunkSize, blob.size - position)))
            position += try unsafe chunk.withUnsafeBytes { bytes in
                try unsafe Int64(inflater.value.inflateMember(bytes) { unsafe inflated.append(contentsOf: $0) })
            }
        }
    }
}
