/// How hard a level of GNU gzip searches.
struct GNULevel: Sendable {
    /// Behind a copy this long, a quarter of the chain is enough.
    let good: Int
    /// Lazy levels do not try to improve a copy this long; greedy ones do not index what a longer copy stands for.
    let lazy: Int
    /// A copy this long ends the search.
    let nice: Int
    /// How many positions of a chain are looked at.
    let chain: Int
    /// Whether a copy is taken only when the next position has no longer one.
    let isLazy: Bool
    /// Whether a block may end before it is full.
    let endsBlocksEarly: Bool

    /// The numbers of a level from 1 to 9.
    init(_ level: Int) {
        precondition(1...9 ~= level, "there is no level \(level)")
        (good, lazy, nice, chain) =
            switch level {
            case 1: (4, 4, 8, 4)
            case 2: (4, 5, 16, 8)
            case 3: (4, 6, 32, 32)
            case 4: (4, 4, 16, 16)
            case 5: (8, 16, 32, 32)
            case 6: (8, 16, 128, 128)
            case 7: (8, 32, 128, 256)
            case 8: (32, 128, 258, 1024)
            default: (32, 258, 258, 4096)
            }
        isLazy = level > 3
        endsBlocksEarly = level > 2
    }
}
