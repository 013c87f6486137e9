/// The tokens of one block, and how often each symbol occurs in them.
@safe struct TokenBlock: ~Copyable {
    /// The most tokens: as many as a block of literals has bytes.
    static let capacity = 65_536

    let symbols = DeflateSymbols()
    private(set) var count = 0
    private let tokens: UnsafeMutablePointer<Token>
    /// 286 literals and lengths, then two that never occur.
    let literals: UnsafeMutablePointer<UInt32>
    let distances: UnsafeMutablePointer<UInt32>

    init() {
        unsafe tokens = .allocate(capacity: Self.capacity)
        unsafe literals = .allocate(capacity: 288)
        unsafe distances = .allocate(capacity: 32)
        clear()
    }

    deinit {
        unsafe tokens.deallocate()
        unsafe literals.deallocate()
        unsafe distances.deallocate()
    }

    mutating func clear() {
        count = 0
        unsafe literals.initialize(repeating: 0, count: 288)
        unsafe distances.initialize(repeating: 0, count: 32)
    }

    @inline(__always)
    subscript(index: Int) -> Token { unsafe tokens[index] }

    /// Adds bytes that nothing matches.
    @inline(__always)
    mutating func append(_ bytes: UnsafePointer<UInt8>, _ size: Int) {
        let start = unsafe tokens + count
        for index in 0..<size {
            let byte = unsafe bytes[index]
            unsafe start[index] = Token(literal: byte)
            unsafe literals[Int(byte)] &+= 1
        }
        count &+= size
    }

    /// Adds a byte that nothing matches.
    @inline(__always)
    mutating func append(_ byte: UInt8) {
        unsafe tokens[count] = Token(literal: byte)
        unsafe literals[Int(byte)] &+= 1
        count &+= 1
    }

    /// Adds a match of 3 bytes or more; the pieces of a long one are of 258 bytes, and the last of at least 3.
    @inline(__always)
    mutating func append(length: Int, distance: Int) {
        let symbol = symbols.distanceSymbol(distance &- 1)
        var rest = length
        while rest > 0 {
            let piece = rest <= 258 ? rest : rest > 261 ? 258 : 255
            rest &-= piece
            unsafe literals[DeflateSymbols.firstLength &+ symbols.lengthSymbol(piece)] &+= 1
            unsafe distances[symbol] &+= 1
            unsafe tokens[count] = Token(length: piece, distance: distance)
            count &+= 1
        }
    }
}
