extension KlauspostEncoder {
    /// What distinguishes the encoders of this lineage: every change between two releases that reaches the output.
    public struct Variant: Sendable, Hashable {
        /// The level that -1 stands for.
        var defaultLevel = 5
        /// Whether the code of a block that later blocks may continue is written for every symbol of the alphabets, also
        /// for those beyond the last that occurs, and whether the end of the block is left out when its size is guessed.
        var writesWholeAlphabets = false
        /// Whether level 4 compares a match one byte on with the bytes at a wrong place.
        var misplacesNextMatch = true
        /// How levels 7 to 9 look for a better match where the previous match ends.
        var endSearch = EndSearch.extendsBack
        /// What a match costs level 9 besides its extra bits, in bits.
        var matchCost = 3
        /// How many bits level 9's first match for a place saves at least, less 1.
        var leastGain = 4
        /// Whether level 9 prices literals by the first 32,768 bytes that wait, rather than by all.
        var pricesFirstLiterals = true
        /// What a literal that was not priced costs level 9, in bits.
        var unpricedLiteral = 0
        /// Whether levels 7 to 9 count the dictionary to the first block's bytes.
        var countsDictionary = false

        /// A search for a match that ends where another match would.
        enum EndSearch: Sendable {
            /// The match must start where the previous match starts.
            case sameStart
            /// The match may start up to two bytes later.
            case extendsBack
        }

        /// klauspost/compress 1.15.10 to 1.15.12 (level 1: from 1.15.11), and 1.17.9 at levels up to 6.
        public static let klauspost1Dot15 = Variant(
            writesWholeAlphabets: true, misplacesNextMatch: false, endSearch: .sameStart, matchCost: 6, leastGain: 0,
            pricesFirstLiterals: false, countsDictionary: true)
        /// klauspost/compress 1.18.0, at levels -1 to 3, 5 and 6 equal to 1.15.12; 1.17.9 at levels 7 to 9.
        public static let klauspost1Dot18 = Variant(
            writesWholeAlphabets: true, pricesFirstLiterals: false, countsDictionary: true)
        /// klauspost/compress 1.20.0 to 1.20.3, and from 1.18.4 on at levels up to 6; Go 1.27 but for levels -1 and 9.
        public static let klauspost1Dot20 = Variant()
        /// Go 1.27's `compress/flate`, which came from klauspost/compress.
        public static let go1Dot27 = Variant(defaultLevel: 6, unpricedLiteral: 1)
    }
}
