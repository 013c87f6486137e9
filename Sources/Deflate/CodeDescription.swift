/// How a block with codes of its own describes them, RFC 1951 § 3.2.7.
@safe struct CodeDescription: ~Copyable {
    /// A symbol of the code of widths, with its extra bits.
    private struct Item {
        let symbol: UInt8
        let extra: UInt8
    }

    private static let extraWidths: InlineArray<19, Int> = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 7]

    /// The size of the block's header with the description, in bits.
    private(set) var size = 0
    private var literalCount = 0
    private var distanceCount = 0
    /// How many widths of the code of widths are written.
    private var orderCount = 0
    private var items: [Item] = []
    private var code = PrefixCode(count: 19)

    /// Finds the description of two codes; those of their last symbols that have no bits are left out, if not `isWhole`.
    ///
    /// - Parameters:
    ///   - literals: the code of literals and lengths.
    ///   - distances: that of distances.
    ///   - widths: finds the code of widths.
    ///   - isWhole: whether symbols without bits at the ends are described too.
    ///   - joinsRuns: whether a run of one width may go on from the literals' code into the distances'.
    mutating func describe<Builder: CodeBuilder & ~Copyable>(
        _ literals: borrowing PrefixCode, _ distances: borrowing PrefixCode, _ widths: inout Builder,
        isWhole: Bool = false, joinsRuns: Bool = true
    ) {
        literalCount = Self.used(literals, atLeast: isWhole ? literals.count : 257)
        distanceCount = Self.used(distances, atLeast: isWhole ? distances.count : 1)
        items.removeAll(keepingCapacity: true)
        var run = (width: literals[0].width, count: 1)
        for index in 1..<(literalCount + distanceCount) {
            let width = index < literalCount ? literals[index].width : distances[index - literalCount].width
            if width == run.width && (joinsRuns || index != literalCount) {
                run.count += 1
            } else {
                add(run.width, count: run.count)
                run = (width, 1)
            }
        }
        add(run.width, count: run.count)
        buildCode(&widths)
    }

    /// Writes the header of a block, and the description.
    func write(_ bits: inout BitWriter, isLast: Bool = false) {
        bits.put(isLast ? 5 : 4, width: 3)
        bits.put(UInt64(literalCount - 257), width: 5)
        bits.put(UInt64(distanceCount - 1), width: 5)
        bits.put(UInt64(orderCount - 4), width: 4)
        for index in 0..<orderCount { bits.put(UInt64(code[DeflateSymbols.lengthOrder[index]].width), width: 3) }
        for item in items {
            bits.cursor.put(code[Int(item.symbol)])
            bits.put(UInt64(item.extra), width: Self.extraWidths[Int(item.symbol)])
        }
    }

    /// Adds a run of one width.
    private mutating func add(_ width: UInt16, count: Int) {
        var count = count
        if width == 0 {
            while count >= 11 { count -= add(18, count: min(count, 138), least: 11) }
            if count >= 3 { count -= add(17, count: count, least: 3) }
        } else {
            items.append(Item(symbol: UInt8(width), extra: 0))
            count -= 1
            while count >= 3 { count -= add(16, count: min(count, 6), least: 3) }
        }
        for _ in 0..<count { items.append(Item(symbol: UInt8(width), extra: 0)) }
    }

    private mutating func add(_ symbol: UInt8, count: Int, least: Int) -> Int {
        items.append(Item(symbol: symbol, extra: UInt8(count - least)))
        return count
    }

    private mutating func buildCode<Builder: CodeBuilder & ~Copyable>(_ widths: inout Builder) {
        var counts = InlineArray<19, UInt32>(repeating: 0)
        for item in items { counts[Int(item.symbol)] += 1 }
        unsafe withUnsafePointer(to: counts) { pointer in
            unsafe pointer.withMemoryRebound(to: UInt32.self, capacity: 19) {
                unsafe widths.build(&code, $0, limit: 7)
            }
        }
        orderCount = 19
        while orderCount > 4, counts[DeflateSymbols.lengthOrder[orderCount - 1]] == 0 { orderCount -= 1 }
        size = 3 + 5 + 5 + 4 + 3 * orderCount
        for symbol in 0..<19 { size += Int(counts[symbol]) * (Int(code[symbol].width) + Self.extraWidths[symbol]) }
    }

    private static func used(_ code: borrowing PrefixCode, atLeast least: Int) -> Int {
        var count = code.count
        while count > least, code[count - 1].width == 0 { count -= 1 }
        return count
    }
}
