/// How hard one of the levels 2 to 9 of Go's encoder looks for copies.
struct GoLevel: Sendable {
    /// A pending copy of this length or more is taken without a look at the next position; 0 when none ever is.
    let lazy: Int
    /// A copy of this length ends the search.
    let nice: Int
    /// How many earlier positions a search visits at most.
    let chain: Int
    /// Without lazy matching, the bytes of a copy longer than this are not found again.
    let longestIndexed: Int

    /// Whether a copy waits for the next position to be searched too; then every position is found again.
    var isLazy: Bool { lazy > 0 }

    /// The level with this number; nil for those that have another algorithm.
    init?(_ level: Int) {
        switch level {
        case 2: self.init(nice: 16, chain: 8, longestIndexed: 5)
        case 3: self.init(nice: 32, chain: 32, longestIndexed: 6)
        case 4: self.init(lazy: 4, nice: 16, chain: 16)
        case 5: self.init(lazy: 16, nice: 32, chain: 32)
        case 6, -1: self.init(lazy: 16, nice: 128, chain: 128)
        case 7: self.init(lazy: 32, nice: 128, chain: 256)
        case 8: self.init(lazy: 128, nice: 258, chain: 1024)
        case 9: self.init(lazy: 258, nice: 258, chain: 4096)
        default: return nil
        }
    }

    private init(lazy: Int = 0, nice: Int, chain: Int, longestIndexed: Int = .max) {
        self.lazy = lazy
        self.nice = nice
        self.chain = chain
        self.longestIndexed = longestIndexed
    }
}
