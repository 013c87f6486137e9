/// Finds the widths of the best prefix code whose longest has a limit, by package-merge.
///
/// Many codes are equally good. The one found here is that of Go's and of klauspost's encoders: where a single symbol
/// and a package weigh the same the package goes first, symbols of one frequency are in the order of their numbers, and
/// no code is longer than the number of symbols less 1.
/// Method: Larmore and Hirschberg, "A fast algorithm for optimal length-limited Huffman codes", 1990.
@safe struct CodeWidths: CodeBuilder, ~Copyable {
    private static let most = 288
    private static let rowSize = 2 * most
    /// Weighs more than all symbols together, also as half a package.
    private static let none = UInt32.max / 2

    /// Frequency and symbol of those that occur, the rarest first.
    private let leaves: UnsafeMutablePointer<UInt32>
    /// Their frequencies, then `none`.
    private let singles: UnsafeMutablePointer<UInt32>
    /// The weights of two neighbouring rows, each ended by two of `none`.
    private let weights: UnsafeMutablePointer<UInt32>
    /// For each row and item, 1 when it is a single symbol, 0 when it is a package of two items of the row below.
    private let isLeaf: UnsafeMutablePointer<UInt8>
    private let widths: UnsafeMutablePointer<UInt8>

    init() {
        unsafe leaves = .allocate(capacity: Self.most)
        unsafe singles = .allocate(capacity: Self.most + 1)
        unsafe weights = .allocate(capacity: 2 * Self.rowSize)
        unsafe isLeaf = .allocate(capacity: 16 * Self.rowSize)
        unsafe widths = .allocate(capacity: Self.most)
    }

    deinit {
        unsafe leaves.deallocate()
        unsafe singles.deallocate()
        unsafe weights.deallocate()
        unsafe isLeaf.deallocate()
        unsafe widths.deallocate()
    }

    /// Gives the code its widths and bits; two symbols or fewer get one bit each.
    ///
    /// - Parameters:
    ///   - code: the code that is to be built.
    ///   - frequencies: how often each symbol of the code occurs; less than 2^23 in all.
    ///   - limit: the most bits, at most 15.
    mutating func build(_ code: inout PrefixCode, _ frequencies: UnsafePointer<UInt32>, limit: Int) {
        var count = 0
        for symbol in 0..<code.count {
            unsafe widths[symbol] = 0
            guard unsafe frequencies[symbol] > 0 else { continue }
            unsafe leaves[count] = unsafe frequencies[symbol] << 9 | UInt32(symbol)
            count += 1
        }
        if count > 2 {
            var present = unsafe UnsafeMutableBufferPointer(start: leaves, count: count)
            unsafe present.sort()
            let limit = min(limit, count - 1)
            spread(count, rows: merge(count, limit: limit), limit: limit)
        } else {
            for index in 0..<count { unsafe widths[Int(leaves[index] & 511)] = 1 }
        }
        code.assign { unsafe Int(widths[$0]) }
    }

    /// Fills the rows from the bottom and says how many; those above the last would equal it.
    private mutating func merge(_ count: Int, limit: Int) -> Int {
        var below = unsafe weights
        var row = unsafe weights + Self.rowSize
        var belowCount = count
        for index in 0..<count {
            let weight = unsafe leaves[index] >> 9
            unsafe singles[index] = weight
            unsafe below[index] = weight
            unsafe isLeaf[index] = 1
        }
        unsafe singles[count] = Self.none
        for level in 1..<limit {
            unsafe below[belowCount] = Self.none
            unsafe below[belowCount + 1] = Self.none
            let flags = unsafe isLeaf + level * Self.rowSize
            let size = min(count + belowCount / 2, 2 * count - 2)
            var leaf = 0
            var pair = 0
            var single = unsafe singles[0]
            var weight = unsafe below[0] &+ below[1]
            for index in 0..<size {
                if single < weight {
                    unsafe row[index] = single
                    unsafe flags[index] = 1
                    leaf &+= 1
                    single = unsafe singles[leaf]
                } else {
                    unsafe row[index] = weight
                    unsafe flags[index] = 0
                    pair &+= 2
                    weight = unsafe below[pair] &+ below[pair &+ 1]
                }
            }
            if size == belowCount, unsafe isSame(row, below, size), unsafe isSame(flags, flags - Self.rowSize, size) {
                return level
            }
            unsafe swap(&below, &row)
            belowCount = size
        }
        return limit
    }

    private func isSame<Value: Equatable>(
        _ left: UnsafePointer<Value>, _ right: UnsafePointer<Value>, _ count: Int
    ) -> Bool {
        for index in 0..<count where unsafe left[index] != right[index] { return false }
        return true
    }

    /// A symbol's width is the number of rows in which it is among the items that the row above uses.
    private mutating func spread(_ count: Int, rows: Int, limit: Int) {
        var used = 2 * count - 2
        for level in stride(from: limit - 1, through: 0, by: -1) {
            let flags = unsafe isLeaf + min(level, rows - 1) * Self.rowSize
            var singles = 0
            for index in 0..<used { unsafe singles += Int(flags[index]) }
            for index in 0..<singles { unsafe widths[Int(leaves[index] & 511)] += 1 }
            used = 2 * (used - singles)
        }
    }
}
