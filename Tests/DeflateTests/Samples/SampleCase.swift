/// One input to an encoder, as the oracle chooses it from a seed.
struct SampleCase: Sendable {
    /// The level.
    var level: Int
    /// The shape of the bytes.
    var shape: String
    /// What the bytes are made from.
    var seed: UInt64
    /// How many bytes are encoded.
    var size: Int
    /// How many bytes are the dictionary.
    var dictionary: Int
    /// How many bytes are appended at a time.
    var piece: Int
    /// After how many bytes the stream is flushed; 0 for never.
    var flush: Int

    private static let shapes = ["mix", "mix", "mix", "mix", "skewed", "noise", "period", "zeros"]
    private static let sizes = [
        0, 1, 2, 31, 32, 33, 127, 128, 129, 1024, 32767, 32768, 32769, 65534, 65535, 65536, 65537, 131070, 131071,
        262140, 327675, 327676, 393210, 500000,
    ]
    private static let dictionaries = [1, 12, 13, 14, 1000, 16384, 32767, 32768, 40000]
    private static let pieces = [1, 7, 1000, 4096, 32768, 65535, 65536, 1 << 20]

    /// Chooses the case of a seed.
    init(seed: UInt64, levels: [Int]) {
        var random = RandomBits(seed ^ 0xC0DE)
        level = levels[random.below(levels.count)]
        shape = Self.shapes[random.below(Self.shapes.count)]
        self.seed = seed
        switch random.below(3) {
        case 0: size = Self.sizes[random.below(Self.sizes.count)]
        case 1: size = random.below(70000)
        default: size = random.below(400000)
        }
        dictionary = random.below(3) == 0 ? Self.dictionaries[random.below(Self.dictionaries.count)] : 0
        piece = Self.pieces[random.below(Self.pieces.count)]
        flush = 0
        if random.below(4) == 0 {
            let exponent = 1 + random.below(18)
            flush = 1 + random.below(1 << exponent)
        }
    }

    /// The dictionary and the bytes.
    var bytes: [UInt8] { Sample.bytes(shape, seed: seed, count: dictionary + size) }
}
