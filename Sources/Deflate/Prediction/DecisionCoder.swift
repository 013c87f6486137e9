/// Codes yes-or-no decisions by how likely they are; the same model runs over it in both directions.
///
/// The writer is told each decision; the reader is told anything, and says what was decided.
protocol DecisionCoder: ~Copyable {
    /// Codes a decision that is as likely as its context says, and lets the context learn from it.
    mutating func code(_ decision: Bool, _ context: UnsafeMutablePointer<Likelihood>) -> Bool
}

/// How likely a decision is to be yes, learned from the decisions before.
///
/// It learns fast at first and slowly later: each decision moves it by one part in as many as it has seen, at most 128.
struct Likelihood {
    /// The likelihood as a part of 2^22, and below it how many decisions were seen.
    private var state: UInt32 = 1 << 31

    private static let most: UInt32 = 127

    /// As a part of 2^16, never 0 and never all.
    @inline(__always) var value: UInt64 { UInt64(max(state &>> 16, 1)) }

    @inline(__always) mutating func learn(_ decision: Bool) {
        let seen = state & 1023
        let old = Int32(bitPattern: state &>> 10)
        let target: Int32 = decision ? (1 << 22) - 1 : 0
        let new = old &+ (target &- old) / Int32(bitPattern: seen &+ 2)
        state = UInt32(bitPattern: new) &<< 10 | (seen < Self.most ? seen &+ 1 : seen)
    }
}

/// The interval of numbers that is left for what follows, as an arithmetic coder narrows it.
struct DecisionInterval {
    var low: UInt32 = 0
    var high = UInt32.max

    /// The last number that means yes.
    @inline(__always) func middle(_ likelihood: UInt64) -> UInt32 {
        low &+ UInt32(truncatingIfNeeded: (UInt64(high &- low) &* likelihood) &>> 16)
    }

    /// Whether all numbers that are left start with the same byte.
    @inline(__always) var hasByte: Bool { (low ^ high) &>> 24 == 0 }

    /// Leaves out the byte that all numbers start with.
    @inline(__always) mutating func shift() {
        low &<<= 8
        high = high &<< 8 | 0xFF
    }
}
