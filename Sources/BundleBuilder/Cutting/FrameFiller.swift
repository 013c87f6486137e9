import BundleFormat
import Cryptography
import OCI

/// Fills frames with segments, each stored once, and writes down where every piece of the current stream lies.
struct FrameFiller {
    /// What kind of segments a frame holds.
    enum Kind: Int, CaseIterable, Sendable {
        /// Tar headers and padding, stored in order and not deduplicated.
        case metadata
        /// File contents.
        case content
        /// Blobs that are compressed already.
        case opaque
    }

    /// A frame that is full.
    struct FullFrame: Sendable {
        let kind: Kind
        let content: [UInt8]
    }

    /// Where a segment lies; frames are numbered as they are *opened*.
    struct Place {
        let frame: UInt32
        let offset: UInt32
    }

    private struct OpenFrame {
        let number: UInt32
        var content: [UInt8]
    }

    /// A frame that holds as much is closed at the end of a stream, so that what follows does not depend on it.
    private static let earlyClose = BundleLayout.maximumFrameSize / 2

    private var places: [Digest: Place] = [:]
    private var open: [OpenFrame?] = Kind.allCases.map { _ in nil }
    private var full: [FullFrame] = []
    private var openedCount: UInt32 = 0
    /// The number of each opened frame in the order in which they were *closed*, which is that of the packs.
    private var closedNumbers: [UInt32: UInt32] = [:]
    private var runs: [FrameIndex.Run] = []

    /// Stores a segment, or finds it.
    mutating func storeOnce(_ segment: [UInt8]) {
        let digest = SHA256Hasher.digest(of: segment)
        if let place = places[digest] {
            addRun(place, segment.count)
        } else {
            places[digest] = unsafe segment.withUnsafeBytes { bytes in unsafe storeWhole(bytes, .content) }
        }
    }

    /// Stores bytes without looking for them.
    ///
    /// Fills each frame to its end: frames must not depend on the pieces in which a stream comes.
    mutating func store(_ bytes: UnsafeRawBufferPointer, _ kind: Kind) {
        var rest = unsafe bytes
        while unsafe !rest.isEmpty {
            let room = BundleLayout.maximumFrameSize - (open[kind.rawValue]?.content.count ?? 0)
            let piece = unsafe UnsafeRawBufferPointer(rebasing: rest.prefix(room))
            if unsafe piece.isEmpty { close(kind) } else { unsafe storeWhole(piece, kind) }
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[piece.count...])
        }
    }

    /// Stores bytes, no more than a frame holds, in one frame.
    @discardableResult
    private mutating func storeWhole(_ bytes: UnsafeRawBufferPointer, _ kind: Kind) -> Place {
        if let frame = open[kind.rawValue], frame.content.count + bytes.count > BundleLayout.maximumFrameSize {
            close(kind)
        }
        if open[kind.rawValue] == nil {
            var content: [UInt8] = []
            content.reserveCapacity(BundleLayout.maximumFrameSize)
            open[kind.rawValue] = OpenFrame(number: openedCount, content: content)
            openedCount += 1
        }
        guard let frame = open[kind.rawValue]?.number, let offset = open[kind.rawValue]?.content.count else {
            preconditionFailure("a frame is open")
        }
        unsafe open[kind.rawValue]?.content.append(contentsOf: bytes)
        let place = Place(frame: frame, offset: UInt32(offset))
        addRun(place, bytes.count)
        return place
    }

    /// Ends a stream and gives its runs, whose frames are numbered as they were opened.
    mutating func endStream() -> [FrameIndex.Run] {
        for kind in Kind.allCases where (open[kind.rawValue]?.content.count ?? 0) >= Self.earlyClose { close(kind) }
        defer { runs = [] }
        return runs
    }

    /// Closes the last frames.
    mutating func closeAll() { for kind in Kind.allCases { close(kind) } }

    /// The frames that became full since the last call, in the order of the packs.
    mutating func takeFullFrames() -> [FullFrame] {
        defer { full = [] }
        return full
    }

    /// The same runs with the numbers that the frames have in the packs; only when all are closed.
    func final(_ runs: [FrameIndex.Run]) -> [FrameIndex.Run] {
        runs.map { run in
            guard let frame = closedNumbers[run.frame] else { preconditionFailure("all frames are closed") }
            return FrameIndex.Run(frame: frame, offset: run.offset, length: run.length)
        }
    }

    private mutating func addRun(_ place: Place, _ length: Int) {
        if let last = runs.last, last.frame == place.frame, last.offset + last.length == place.offset {
            runs[runs.count - 1].length += UInt32(length)
        } else {
            runs.append(FrameIndex.Run(frame: place.frame, offset: place.offset, length: UInt32(length)))
        }
    }

    private mutating func close(_ kind: Kind) {
        guard let frame = open[kind.rawValue] else { return }
        closedNumbers[frame.number] = UInt32(closedNumbers.count)
        full.append(FullFrame(kind: kind, content: frame.content))
        open[kind.rawValue] = nil
    }
}
