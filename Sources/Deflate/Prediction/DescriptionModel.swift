/// Codes how a block describes its codes by how one would expect from its tokens.
@safe struct DescriptionModel: ~Copyable {
    private var counts = SymbolCounts()
    private var tree = HuffmanTree()
    private var merge = CodeWidths()
    private var literals = PrefixCode(count: DeflateSymbols.literalCount)
    private var distances = PrefixCode(count: DeflateSymbols.distanceCount)
    private var widths = PrefixCode(count: 19)

    private var isTree = DecisionModel(contexts: 1)
    private var extent = NumberModel(contexts: 3)
    private var isWidth = DecisionModel(contexts: 3 * 16 * 2)
    private var width = NumberModel(contexts: 3 * 16)
    private var isItem = DecisionModel(contexts: 19)
    private var item = NumberModel(contexts: 1 + 19)

    /// Codes the description of a block whose tokens are known.
    ///
    /// - Returns: False when what is read cannot be one.
    mutating func code<Coder: DecisionCoder & ~Copyable>(
        _ description: inout WidthDescription, of tokens: [Token], _ coder: inout Coder
    ) -> Bool {
        counts.count(tokens)
        let wanted = !description.items.isEmpty && prefersTree(description)
        build(isTree: isTree.code(wanted, context: 0, &coder))
        let codesLiterals = Self.code(
            &description.literals, literals, from: 257, kind: 0, &extent, &isWidth, &width, &coder)
        let codesDistances = Self.code(
            &description.distances, distances, from: 1, kind: 1, &extent, &isWidth, &width, &coder)
        guard codesLiterals, codesDistances else { return false }
        return codeItems(&description, &coder) && codeWidths(&description, &coder)
    }

    private mutating func build(isTree: Bool) {
        if isTree {
            counts.build(&literals, &distances, &tree)
        } else {
            counts.build(&literals, &distances, &merge)
        }
    }

    /// Whether Huffman's method comes closer than package-merge.
    private mutating func prefersTree(_ description: WidthDescription) -> Bool {
        build(isTree: false)
        let others = differences(description)
        build(isTree: true)
        return differences(description) <= others
    }

    private func differences(_ description: WidthDescription) -> Int {
        var count = 0
        for symbol in description.literals.indices
        where literals[symbol].width != UInt16(description.literals[symbol]) { count += 1 }
        for symbol in description.distances.indices
        where distances[symbol].width != UInt16(description.distances[symbol]) { count += 1 }
        return count
    }

    /// Codes the widths of a code by those that are expected.
    private static func code<Coder: DecisionCoder & ~Copyable>(
        _ found: inout [UInt8], _ expected: borrowing PrefixCode, from least: Int, kind: Int,
        _ extent: inout NumberModel, _ isWidth: inout DecisionModel, _ width: inout NumberModel, _ coder: inout Coder
    ) -> Bool {
        var used = expected.count
        while used > least, expected[used - 1].width == 0 { used -= 1 }
        // Mostly 0: how many more, from the widest on around.
        let room = expected.count - least + 1
        let more = extent.code(((found.count - used) % room + room) % room, context: kind, &coder)
        guard more < room else { return false }
        let count = least + (used - least + more) % room
        if found.count != count { found = [UInt8](repeating: 0, count: count) }
        var isUsual = 1
        for symbol in 0..<count {
            let guess = UInt8(expected[symbol].width)
            let context = (kind * 16 + Int(guess)) * 2 + isUsual
            if isWidth.code(found[symbol] == guess, context: context, &coder) {
                found[symbol] = guess
                if guess > 0 { isUsual = 1 }
                continue
            }
            isUsual = 0
            let value = width.code(Int(found[symbol]), context: kind * 16 + Int(guess), &coder)
            guard value <= 15 else { return false }
            found[symbol] = UInt8(value)
        }
        return true
    }

    private mutating func codeItems<Coder: DecisionCoder & ~Copyable>(
        _ description: inout WidthDescription, _ coder: inout Coder
    ) -> Bool {
        let all = description.literals + description.distances
        var place = 0
        var number = 0
        while place < all.count {
            let guess = Self.expected(all, place)
            let known = number < description.items.count ? description.items[number] : guess
            var item = guess
            if !isItem.code(known == guess, context: Int(guess.symbol), &coder) {
                let symbol = self.item.code(Int(known.symbol), &coder)
                guard symbol < 19 else { return false }
                let extra = self.item.code(Int(known.extra), context: 1 + symbol, &coder)
                guard extra < 1 << WidthDescription.extraWidths[symbol] else { return false }
                item = WidthDescription.Item(symbol: UInt8(symbol), extra: UInt8(extra))
            }
            guard Self.fits(item, all, place) else { return false }
            if number < description.items.count {
                description.items[number] = item
            } else {
                description.items.append(item)
            }
            number += 1
            place += item.count
        }
        return true
    }

    /// The item that stands for the most widths.
    private static func expected(_ all: [UInt8], _ place: Int) -> WidthDescription.Item {
        let value = all[place]
        var count = 1
        while place + count < all.count, count < 138, all[place + count] == value { count += 1 }
        if value == 0 {
            if count >= 11 { return WidthDescription.Item(symbol: 18, extra: UInt8(count - 11)) }
            if count >= 3 { return WidthDescription.Item(symbol: 17, extra: UInt8(count - 3)) }
        } else if count >= 3, place > 0, all[place - 1] == value {
            return WidthDescription.Item(symbol: 16, extra: UInt8(min(count, 6) - 3))
        }
        return WidthDescription.Item(symbol: value)
    }

    private static func fits(_ item: WidthDescription.Item, _ all: [UInt8], _ place: Int) -> Bool {
        guard item.count <= all.count - place, item.symbol != 16 || place > 0 else { return false }
        let value = item.symbol < 16 ? item.symbol : item.symbol == 16 ? all[place - 1] : 0
        return all[place..<place + item.count].allSatisfy { $0 == value }
    }

    private mutating func codeWidths<Coder: DecisionCoder & ~Copyable>(
        _ description: inout WidthDescription, _ coder: inout Coder
    ) -> Bool {
        var frequencies = [UInt32](repeating: 0, count: 19)
        for item in description.items { frequencies[Int(item.symbol)] += 1 }
        unsafe frequencies.withUnsafeBufferPointer { buffer in
            guard let pointer = buffer.baseAddress else { return }
            unsafe tree.build(&widths, pointer, limit: 7)
        }
        if description.widths.isEmpty { description.widths = [UInt8](repeating: 0, count: 19) }
        var least = 4
        for symbol in 0..<19 {
            let guess = Int(widths[symbol].width)
            let known = Int(description.widths[symbol])
            let context = (2 * 16 + guess) * 2
            var value = guess
            if !isWidth.code(known == guess, context: context, &coder) {
                value = width.code(known, context: 2 * 16 + guess, &coder)
            }
            guard value <= 7, value > 0 || frequencies[symbol] == 0 else { return false }
            description.widths[symbol] = UInt8(value)
        }
        for index in 4..<19 where description.widths[DeflateSymbols.lengthOrder[index]] > 0 { least = index + 1 }
        let more = extent.code(max(description.widthCount - least, 0), context: 2, &coder)
        guard more <= 19 - least else { return false }
        description.widthCount = least + more
        return true
    }
}

/// How often each symbol occurs in a block.
struct SymbolCounts: ~Copyable {
    private let symbols = DeflateSymbols()
    private var literals: [UInt32] = []
    private var distances: [UInt32] = []

    mutating func count(_ tokens: [Token]) {
        literals = [UInt32](repeating: 0, count: DeflateSymbols.literalCount)
        distances = [UInt32](repeating: 0, count: DeflateSymbols.distanceCount)
        for token in tokens {
            if token.isLiteral {
                literals[token.low] += 1
            } else {
                literals[DeflateSymbols.firstLength + symbols.lengthSymbol(token.length)] += 1
                distances[symbols.distanceSymbol(token.low)] += 1
            }
        }
        literals[DeflateSymbols.endOfBlock] = 1
    }

    func build<Builder: CodeBuilder & ~Copyable>(
        _ literalCode: inout PrefixCode, _ distanceCode: inout PrefixCode, _ builder: inout Builder
    ) {
        unsafe literals.withUnsafeBufferPointer { buffer in
            guard let pointer = buffer.baseAddress else { return }
            unsafe builder.build(&literalCode, pointer, limit: 15)
        }
        unsafe distances.withUnsafeBufferPointer { buffer in
            guard let pointer = buffer.baseAddress else { return }
            unsafe builder.build(&distanceCode, pointer, limit: 15)
        }
    }
}
