/// What an encoder that is not known is taken for.
public struct PredictionSettings: Hashable, Sendable {
    /// How many earlier places it looks at, as a power of 2.
    var depth = 5
    /// Whether it finds copies of four bytes and more by their first four, and of three only at the last such place.
    var hashesFour = false
    /// It finds places inside copies of at most this length.
    var insertLimit = 258
    /// The farthest copy.
    var distance = ContentWindow.history

    /// What is tried, one after another: each gives variants of the best so far.
    static let trials: [@Sendable (PredictionSettings) -> [PredictionSettings]] = [
        { base in [base, base.with { $0.hashesFour = true }] },
        { base in [0, 2, 3, 4, 7, 10].map { depth in base.with { $0.depth = depth } } },
        { base in [4, 5, 6, 0].map { limit in base.with { $0.insertLimit = limit } } },
    ]

    private func with(_ change: (inout PredictionSettings) -> Void) -> PredictionSettings {
        var other = self
        change(&other)
        return other
    }
}

extension PredictionSettings {
    /// How many bytes the settings take.
    static let size = 6

    /// As bytes at the start of corrections.
    var bytes: [UInt8] {
        [
            UInt8(depth), hashesFour ? 1 : 0, UInt8(truncatingIfNeeded: insertLimit), UInt8(insertLimit >> 8),
            UInt8(truncatingIfNeeded: distance), UInt8(distance >> 8),
        ]
    }

    /// From such bytes; nil when they are none.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.size, bytes[0] <= 10, bytes[1] <= 1 else { return nil }
        depth = Int(bytes[0])
        hashesFour = bytes[1] == 1
        insertLimit = Int(bytes[2]) | Int(bytes[3]) << 8
        distance = Int(bytes[4]) | Int(bytes[5]) << 8
        guard insertLimit <= 258, distance <= ContentWindow.history else { return nil }
    }
}
