/// Reads decisions from bytes; any bytes mean some decisions.
struct DecisionReader: DecisionCoder, ~Copyable {
    private var interval = DecisionInterval()
    private var number: UInt32 = 0
    private var bytes: [UInt8] = []
    private var position = 0
    private let source: any ByteSource
    /// Zeros that were read behind the end.
    private var missing = 0
    /// What went wrong with the source; zeros were read since.
    private(set) var failure: (any Error)?

    /// What stands before the decisions.
    private(set) var prefix: [UInt8] = []

    init(_ source: any ByteSource) {
        self.source = source
        for _ in 0..<PredictionSettings.size { prefix.append(nextByte()) }
        for _ in 0..<4 { number = number << 8 | UInt32(nextByte()) }
    }

    /// Whether more was read than a writer can have meant.
    var isExhausted: Bool { missing > 4 }

    @inline(__always)
    mutating func code(_ decision: Bool, _ context: UnsafeMutablePointer<Likelihood>) -> Bool {
        let middle = unsafe interval.middle(context.pointee.value)
        let decision = number <= middle
        unsafe context.pointee.learn(decision)
        if decision { interval.high = middle } else { interval.low = middle &+ 1 }
        while interval.hasByte {
            interval.shift()
            number = number &<< 8 | UInt32(nextByte())
        }
        return decision
    }

    private mutating func nextByte() -> UInt8 {
        if position == bytes.count {
            position = 0
            do { bytes = failure == nil ? try source.next() : [] } catch {
                failure = error
                bytes = []
            }
            guard !bytes.isEmpty else {
                missing += 1
                return 0
            }
        }
        position += 1
        return bytes[position - 1]
    }
}
