/// One step of LZ77: a byte of its own, or a copy of earlier bytes.
///
/// The upper half is how many bytes the token stands for, 1 for a literal and 3 to 258 for a copy; the lower half is the
/// literal, or the copy's distance less 1.
struct Token: Sendable, Equatable {
    let value: UInt32

    @inline(__always) init(literal: UInt8) { value = 1 << 16 | UInt32(literal) }

    @inline(__always) init(length: Int, distance: Int) {
        value = UInt32(truncatingIfNeeded: length &<< 16 | (distance &- 1))
    }

    /// How many bytes of the input the token stands for.
    @inline(__always) var length: Int { Int(value &>> 16) }

    @inline(__always) var isLiteral: Bool { value < 2 << 16 }

    /// The literal, or the distance less 1.
    @inline(__always) var low: Int { Int(value & 0xFFFF) }
}
