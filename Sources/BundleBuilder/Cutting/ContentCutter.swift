/// Cuts contents into segments of 16 to 256 KiB at places that depend on the bytes nearby only, so that an insertion
/// moves few cuts (FastCDC: gear hash, two masks).
///
/// Small files stay whole.
struct ContentCutter: ~Copyable {
    static let minimum = 16 << 10
    static let average = 64 << 10
    static let maximum = 256 << 10

    /// Before the average size a cut needs 18 zero bits, after it 14; together they centre the sizes on 2^16.
    private static let strictMask: UInt64 = 0xFFFF_C000_0000_0000
    private static let easyMask: UInt64 = 0xFFFC_0000_0000_0000

    private var segment: [UInt8] = []
    private var hash: UInt64 = 0
    private var isWhole = false

    init() { segment.reserveCapacity(Self.maximum) }

    /// Starts a file; one that fits a segment is not cut.
    mutating func start(size: Int64) { isWhole = size <= Int64(Self.maximum) }

    /// Takes bytes, and hands over every segment that is full.
    mutating func append(_ bytes: UnsafeRawBufferPointer, _ body: ([UInt8]) throws -> Void) rethrows {
        var rest = unsafe bytes
        while unsafe !rest.isEmpty {
            let room = Self.maximum - segment.count
            let candidate = unsafe UnsafeRawBufferPointer(rebasing: rest.prefix(room))
            let cut = isWhole ? nil : unsafe findCut(candidate)
            let count = cut ?? candidate.count
            unsafe segment.append(contentsOf: candidate[..<count])
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            if cut != nil || segment.count == Self.maximum { try emit(body) }
        }
    }

    /// Hands over what is left at the end of a file.
    mutating func finish(_ body: ([UInt8]) throws -> Void) rethrows {
        if !segment.isEmpty { try emit(body) }
        isWhole = false
    }

    private mutating func emit(_ body: ([UInt8]) throws -> Void) rethrows {
        try body(segment)
        segment.removeAll(keepingCapacity: true)
        hash = 0
    }

    /// How many of the bytes belong to the segment; nil when it does not end in them.
    private mutating func findCut(_ bytes: UnsafeRawBufferPointer) -> Int? {
        var position = max(0, Self.minimum - segment.count)
        guard position < bytes.count else { return nil }
        let gear = Self.gear
        var hash = self.hash
        let strictEnd = min(bytes.count, max(position, Self.average - segment.count))
        while position < strictEnd {
            hash = unsafe (hash << 1) &+ gear[Int(bytes[position])]
            position += 1
            if hash & Self.strictMask == 0 { return position }
        }
        while position < bytes.count {
            hash = unsafe (hash << 1) &+ gear[Int(bytes[position])]
            position += 1
            if hash & Self.easyMask == 0 { return position }
        }
        self.hash = hash
        return nil
    }

    /// 256 numbers as good as random, always the same ones (splitmix64 from 0).
    private static let gear: [UInt64] = {
        var state: UInt64 = 0
        return (0..<256).map { _ in
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = state
            word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            return word ^ (word >> 31)
        }
    }()
}
