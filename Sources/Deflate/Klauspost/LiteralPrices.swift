/// What the bytes that wait would cost as literals, for level 9: a match must save more than it costs.
@safe struct LiteralPrices: ~Copyable {
    private let first: Bool
    private let unpriced: Int
    private var code = PrefixCode(count: 256)
    private var widths = CodeWidths()
    private let counts: UnsafeMutablePointer<UInt32>
    /// The cost of all bytes before each place of the window, from the place where the prices were made.
    private let sums: UnsafeMutablePointer<UInt32>

    /// The bits that a match costs in any case.
    private let matchCost: Int
    /// A match must save more than this.
    let leastGain: Int

    init(_ variant: KlauspostEncoder.Variant) {
        first = variant.pricesFirstLiterals
        unpriced = variant.unpricedLiteral
        matchCost = variant.matchCost
        leastGain = variant.leastGain
        unsafe counts = .allocate(capacity: 256)
        unsafe sums = .allocate(capacity: 2 * ChainWindow.size + 1)
        unsafe sums.initialize(repeating: 0, count: 2 * ChainWindow.size + 1)
    }

    deinit {
        unsafe counts.deallocate()
        unsafe sums.deallocate()
    }

    /// Makes the prices for the bytes that wait.
    mutating func make(_ window: Window, from start: Int, to end: Int) {
        unsafe counts.initialize(repeating: 0, count: 256)
        for place in start..<(first ? min(end, start + 32_768) : end) { unsafe counts[Int(window[place])] &+= 1 }
        // Counts have 16 bits: a window of one byte only leaves that byte without a price.
        for byte in 0..<256 { unsafe counts[byte] &= 0xFFFF }
        unsafe widths.build(&code, counts, limit: 15)
        var sum: UInt32 = 0
        unsafe sums[start] = 0
        for place in start..<end {
            sum &+= UInt32(max(unpriced, Int(code[Int(window[place])].width)))
            unsafe sums[place &+ 1] = sum
        }
    }

    /// How many bits a match saves.
    @inline(__always)
    func gain(_ match: Match, _ symbols: borrowing DeflateSymbols) -> Int {
        let raw = unsafe Int(sums[match.place &+ match.length]) &- Int(unsafe sums[match.place])
        // The distance's symbol is taken for one byte farther than it is; that overflows to the symbol of 129.
        let distance = match.place &- match.source
        let symbol = distance < 32_768 ? symbols.distanceSymbol(distance) : 14
        return raw &- DeflateSymbols.distanceExtraWidth(symbol) &- matchCost
            &- DeflateSymbols.lengthExtraWidth(symbols.lengthSymbol(match.length))
    }
}
