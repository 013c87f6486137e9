/// Makes relative addresses of x86-64 machine code absolute: calls of one function, and uses of one variable, become the
/// same bytes wherever they stand.
///
/// Works on bytes blindly, in any position; whatever they are, `undo` gives back what `apply` got.
/// Spec: docs/format.md section 6.1.
enum X86Filter {
    /// Replaces the addresses.
    static func apply(to bytes: UnsafeMutableRawBufferPointer) {
        unsafe forEachField(UnsafeRawBufferPointer(bytes)) { field in unsafe move(field, by: field + 4, in: bytes) }
    }

    /// Puts the addresses back.
    static func undo(in bytes: UnsafeMutableRawBufferPointer) {
        unsafe forEachField(UnsafeRawBufferPointer(bytes)) { field in unsafe move(field, by: -(field + 4), in: bytes) }
    }

    /// Whether there is enough that looks like machine code.
    ///
    /// Of random bytes, or text, one field of eight would be in range.
    static func pays(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var found = 0
        var inRange = 0
        unsafe forEachField(bytes) { field in
            found += 1
            if unsafe isInRange(number(at: field, in: bytes)) { inRange += 1 }
        }
        return inRange >= bytes.count / 256 && inRange > 0 && 2 * inRange >= found
    }

    /// Whether a number has 29 bits with its sign; more would take in too much of what is no code.
    private static func isInRange(_ number: Int32) -> Bool { number >= -(1 << 28) && number < 1 << 28 }

    private static func number(at field: Int, in bytes: UnsafeRawBufferPointer) -> Int32 {
        unsafe Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: field, as: Int32.self))
    }

    /// Replaces a field that is in range.
    @inline(__always)
    private static func move(_ field: Int, by distance: Int, in bytes: UnsafeMutableRawBufferPointer) {
        let number = unsafe number(at: field, in: UnsafeRawBufferPointer(bytes))
        guard isInRange(number) else { return }
        // The sum modulo 2^29, with the sign of bit 28.
        let moved = ((number &+ Int32(truncatingIfNeeded: distance)) << 3) >> 3
        unsafe bytes.storeBytes(of: moved.littleEndian, toByteOffset: field, as: Int32.self)
    }

    /// Calls `body` with each place of a field, which it may change.
    ///
    /// No field begins in another one, in range or not: else its change would decide whether the field before it is in range.
    @inline(__always)
    private static func forEachField(_ bytes: UnsafeRawBufferPointer, _ body: (Int) -> Void) {
        var place = 0
        while place + 8 <= bytes.count {
            // Eight places at a time, as long as all of them can be looked at.
            if place + 10 <= bytes.count {
                let first = unsafe firstField(at: place, in: bytes)
                place += first
                if first == 8 || place + 8 > bytes.count { continue }
            }
            let field: Int
            if unsafe bytes[place] & 0xFE == 0xE8 {
                field = place + 1
            } else if unsafe bytes[place] & 0xFB == 0x48 && bytes[place + 1] & 0xF9 == 0x89
                && bytes[place + 2] & 0xC7 == 0x05
            {
                field = place + 3
            } else {
                place += 1
                continue
            }
            body(field)
            place = field + 4
        }
    }

    /// How many of the next eight places have no field before one that has: 8 where none has.
    @inline(__always)
    private static func firstField(at place: Int, in bytes: UnsafeRawBufferPointer) -> Int {
        let word = unsafe word(at: place, in: bytes)
        let second = unsafe self.word(at: place + 1, in: bytes)
        let third = unsafe self.word(at: place + 2, in: bytes)
        let call = (word ^ eight(0xE8)) & eight(0xFE)
        let address =
            (word ^ eight(0x48)) & eight(0xFB) | (second ^ eight(0x89)) & eight(0xF9)
            | (third ^ eight(0x05)) & eight(0xC7)
        // The lowest mark of each is right; the others need not be.
        return (zeroBytes(call) | zeroBytes(address)).trailingZeroBitCount / 8
    }

    private static func word(at place: Int, in bytes: UnsafeRawBufferPointer) -> UInt64 {
        unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
    }

    /// Marks the lowest byte that is zero with its highest bit.
    private static func zeroBytes(_ word: UInt64) -> UInt64 {
        (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
    }

    private static func eight(_ byte: UInt8) -> UInt64 { UInt64(byte) &* 0x0101_0101_0101_0101 }
}
