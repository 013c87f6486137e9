/// Inflates a gzip stream that comes in pieces, and is strict about its container.
///
/// Every member's header, CRC-32 and length are checked; further members may follow, anything else may not.
/// Memory: about 350 KiB, whatever the stream is. Spec: RFC 1952.
public struct GzipInflater: ~Copyable {
    /// The most bytes that are handed on at a time.
    public static let outputSize = 256 * 1024

    private enum Phase {
        case header(HeaderReader)
        case body
        case trailer(count: Int, value: UInt64)
        case failed
    }

    /// How many members were read to their end.
    public private(set) var membersSeen = 0

    private let state: any InflateState
    private var phase = Phase.header(HeaderReader(isFirst: true))

    /// Makes an inflater for one stream.
    public init() { self.init(.preferred) }

    /// With a certain library, for tests.
    init(_ library: InflateLibrary) { state = library.makeState() }

    /// Takes the next bytes of the stream and hands on what they inflate to; use it no more after an error.
    ///
    /// - Parameters:
    ///   - input: any number of bytes.
    ///   - output: is called with at most `outputSize` bytes at a time; they are gone when it returns. They are not yet
    ///     known to be right: only `finish()` says so.
    /// - Throws: `GzipError`, or what `output` throws.
    public mutating func inflate(
        _ input: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var rest = unsafe input
        while unsafe !rest.isEmpty {
            let used = try unsafe inflateMember(rest, output)
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[used...])
        }
    }

    /// Takes the next bytes up to the end of a member at most; says how many these were.
    mutating func inflateMember(
        _ input: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Int {
        let current = phase
        // So that after an error finish() does not believe the stream complete.
        phase = .failed
        var next = current
        let members = membersSeen
        var position = 0
        while position < input.count, membersSeen == members {
            switch next {
            case .body:
                let rest = unsafe UnsafeRawBufferPointer(rebasing: input[position...])
                let (used, isEnd) = try unsafe state.inflate(rest, output)
                position += used
                if isEnd {
                    next = .trailer(count: 0, value: 0)
                    // What the decoder took beyond the end of the data is the start of the trailer.
                    for byte in state.takeBack() { next = try container(byte, next) }
                }
            default:
                next = try container(unsafe input[position], next)
                position += 1
            }
        }
        phase = next
        return position
    }

    /// Ends the stream; only now everything that was handed on is known to be right.
    ///
    /// - Throws: `GzipError` with code `truncated` when the stream ends inside a member or has none.
    public mutating func finish() throws(GzipError) {
        if case .header(let reader) = phase, reader.isAtStart, membersSeen > 0 { return }
        throw GzipError(
            .truncated, "cannot inflate: the stream ends inside its member \(membersSeen + 1), or failed before")
    }

    /// Takes one byte outside the compressed data.
    private mutating func container(_ byte: UInt8, _ phase: Phase) throws(GzipError) -> Phase {
        switch phase {
        case .header(var reader):
            guard try reader.take(byte) else { return .header(reader) }
            state.reset()
            return .body
        case .trailer(let count, let value):
            let value = value | UInt64(byte) << (8 * UInt64(count))
            guard count == 7 else { return .trailer(count: count + 1, value: value) }
            try check(value)
            membersSeen += 1
            return .header(HeaderReader(isFirst: false))
        case .body, .failed:
            throw GzipError(.damaged, "cannot inflate: the stream failed before")
        }
    }

    private func check(_ trailer: UInt64) throws(GzipError) {
        guard UInt32(truncatingIfNeeded: trailer) == state.checksum else {
            throw GzipError(.damaged, "cannot inflate: member \(membersSeen + 1) does not match its CRC-32")
        }
        guard UInt32(truncatingIfNeeded: trailer >> 32) == state.length else {
            throw GzipError(.damaged, "cannot inflate: member \(membersSeen + 1) does not have the length it states")
        }
    }
}
