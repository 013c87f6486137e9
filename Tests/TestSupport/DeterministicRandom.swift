/// Numbers that look random and are the same on every run (SplitMix64).
public struct DeterministicRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// A sequence of its own for every seed.
    public init(seed: UInt64) { state = seed }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Bytes that nothing compresses.
    public mutating func bytes(_ count: Int) -> [UInt8] {
        let words = (0..<(count + 7) / 8).map { _ in next() }
        return words.withUnsafeBytes { Array($0.prefix(count)) }
    }

    /// Lines of words, which compress about as text does.
    public mutating func text(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 16)
        while bytes.count < count {
            let number = next()
            // Words of low rank come more often.
            let rank = Int(number & 0x3F) & Int(number >> 8 & 0x3F)
            bytes.append(contentsOf: Self.words[rank % Self.words.count])
            bytes.append(number >> 16 & 0xF == 0 ? 0x0A : 0x20)
            if number >> 24 & 0x1F == 0 { bytes.append(contentsOf: String(number >> 32, radix: 16).utf8) }
        }
        return Array(bytes.prefix(count))
    }

    private static let words: [[UInt8]] = [
        "the", "of", "return", "self", "let", "and", "layer", "int", "const", "if", "is", "image", "static", "void",
        "struct", "for", "digest", "char", "size", "error", "while", "a", "registry", "manifest", "else", "include",
        "in", "to", "offset", "length", "bundle", "null", "true", "false", "unsigned", "config", "path", "open",
        "close", "read", "write", "buffer",
    ].map { Array($0.utf8) }
}
