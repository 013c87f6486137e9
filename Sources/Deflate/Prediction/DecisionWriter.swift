/// Writes decisions as bytes.
struct DecisionWriter: DecisionCoder, ~Copyable {
    private var interval = DecisionInterval()
    private var bytes: [UInt8] = []

    @inline(__always)
    mutating func code(_ decision: Bool, _ context: UnsafeMutablePointer<Likelihood>) -> Bool {
        let middle = unsafe interval.middle(context.pointee.value)
        unsafe context.pointee.learn(decision)
        if decision { interval.high = middle } else { interval.low = middle &+ 1 }
        while interval.hasByte {
            bytes.append(UInt8(interval.high &>> 24))
            interval.shift()
        }
        return decision
    }

    /// Ends the bytes: zeros that follow would change nothing.
    mutating func finish() {
        for shift in [24, 16, 8, 0] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: interval.high >> shift)) }
    }

    /// The bytes since the last call.
    mutating func takeBytes() -> [UInt8] {
        defer { bytes.removeAll(keepingCapacity: true) }
        return bytes
    }
}
