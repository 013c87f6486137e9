extension TokenBlock {
    /// Guesses the bits that the best codes need for the tokens, without their header.
    ///
    /// In single precision, and in this order of additions: what it rounds to decides between two codes.
    ///
    /// Where the original is built for arm64 it rounds once for a product and its sum; that was never seen to matter.
    ///
    /// - Parameter count: of the tokens, with the end of the block if that is one of them.
    /// - Returns: a number of bits.
    func estimatedBits(count: Int) -> Int {
        var sum: Float = 0
        var extra = 0
        var matches = 0
        let share = 1 / Float(count)
        for symbol in 0..<256 { unsafe add(literals[symbol], share, &sum) }
        // The end of the block.
        sum += 15
        for symbol in 0..<DeflateSymbols.literalCount - DeflateSymbols.firstLength {
            let occurring = unsafe literals[DeflateSymbols.firstLength + symbol]
            add(occurring, share, &sum)
            extra += Int(occurring) * DeflateSymbols.lengthExtraWidth(symbol)
            matches += Int(occurring)
        }
        if matches == 0 { return Int(sum) }
        let matchShare = 1 / Float(matches)
        for symbol in 0..<DeflateSymbols.distanceCount {
            unsafe add(distances[symbol], matchShare, &sum)
            unsafe extra += Int(distances[symbol]) * DeflateSymbols.distanceExtraWidth(symbol)
        }
        return Int(sum) + extra
    }

    private func add(_ occurring: UInt32, _ share: Float, _ sum: inout Float) {
        guard occurring > 0 else { return }
        let frequency = Float(occurring)
        let bits = min(15, max(1, -Self.roughLogarithm(frequency * share)))
        sum += bits * frequency
    }

    /// The base-2 logarithm, the fraction by a parabola.
    private static func roughLogarithm(_ value: Float) -> Float {
        let exponent = Float(Int(value.bitPattern >> 23 & 255) - 128)
        let fraction = Float(bitPattern: value.bitPattern & 0x007F_FFFF | 127 << 23)
        return exponent + ((-0.34484843 * fraction + 2.02466578) * fraction - 0.67487759)
    }
}
