/// The alphabets of deflate: which symbol a length or distance has, and which extra bits follow it.
///
/// The tables are made by the rule behind those of RFC 1951 § 3.2.5: symbols come in groups that double their width.
@safe struct DeflateSymbols: ~Copyable {
    static let endOfBlock = 256
    static let firstLength = 257
    /// Symbols 286 and 287 never occur.
    static let literalCount = 286
    static let distanceCount = 30
    /// The symbols that code lengths are written with, in the order of RFC 1951 § 3.2.7.
    static let lengthOrder: [Int] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

    /// The symbol less `firstLength` of each length from 0 to 258; those below 3 mean nothing.
    private let lengthSymbols: UnsafeMutablePointer<UInt8>
    /// The symbols of distances 1 to 256, then those of each 128 distances.
    private let distanceSymbols: UnsafeMutablePointer<UInt8>

    init() {
        unsafe lengthSymbols = .allocate(capacity: 259)
        unsafe distanceSymbols = .allocate(capacity: 512)
        unsafe lengthSymbols.initialize(repeating: 0, count: 259)
        for length in 3..<258 {
            let rest = length - 3
            unsafe lengthSymbols[length] = UInt8(rest < 8 ? rest : Self.grouped(rest, perDoubling: 4))
        }
        // The longest length has a symbol of its own.
        unsafe lengthSymbols[258] = 28
        for index in 0..<512 {
            let rest = index < 256 ? index : (index - 256) << 7
            unsafe distanceSymbols[index] = UInt8(rest < 4 ? rest : Self.grouped(rest, perDoubling: 2))
        }
    }

    deinit {
        unsafe lengthSymbols.deallocate()
        unsafe distanceSymbols.deallocate()
    }

    /// The symbol, less `firstLength`, of a length from 3 to 258.
    @inline(__always) func lengthSymbol(_ length: Int) -> Int { unsafe Int(lengthSymbols[length]) }

    /// The symbol of a distance less 1.
    @inline(__always) func distanceSymbol(_ rest: Int) -> Int {
        unsafe Int(distanceSymbols[rest < 256 ? rest : 256 &+ rest &>> 7])
    }

    /// How many extra bits follow a length symbol less `firstLength`.
    @inline(__always) static func lengthExtraWidth(_ symbol: Int) -> Int {
        symbol < 8 || symbol == 28 ? 0 : symbol &>> 2 &- 1
    }

    /// How many extra bits follow a distance symbol.
    @inline(__always) static func distanceExtraWidth(_ symbol: Int) -> Int { symbol < 4 ? 0 : symbol &>> 1 &- 1 }

    /// The symbol of a value in an alphabet where each doubling of the value has `perDoubling` symbols.
    private static func grouped(_ value: Int, perDoubling: Int) -> Int {
        let doublings = Int.bitWidth - 1 - value.leadingZeroBitCount
        let subgroup = perDoubling.trailingZeroBitCount
        return perDoubling * (doublings - subgroup) + value >> (doublings - subgroup)
    }
}
