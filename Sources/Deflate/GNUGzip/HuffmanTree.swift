/// Finds the widths of a prefix code by Huffman's method, as GNU gzip and zlib do.
///
/// Of two nodes of one weight the flatter one is joined first; where that is the same too, their places in the heap
/// decide. So the heap must move its nodes exactly as theirs does: that is why it is not one of a library. A tree that
/// is too deep is repaired, which costs a little more than the best code with a limit would.
@safe struct HuffmanTree: CodeBuilder, ~Copyable {
    /// Leaves and inner nodes of the largest code.
    private static let most = 2 * 286

    /// What waits to be joined, from 1 on: weight, depth and number of a node, from the highest bits on.
    private let heap: UnsafeMutablePointer<UInt64>
    private var heapCount = 0
    /// The nodes in the order in which they were joined; the lightest first.
    private let order: UnsafeMutablePointer<UInt16>
    private var orderCount = 0
    private let parents: UnsafeMutablePointer<UInt16>
    private let widths: UnsafeMutablePointer<UInt8>

    init() {
        unsafe heap = .allocate(capacity: Self.most + 1)
        unsafe order = .allocate(capacity: Self.most)
        unsafe parents = .allocate(capacity: Self.most)
        unsafe widths = .allocate(capacity: Self.most)
    }

    deinit {
        unsafe heap.deallocate()
        unsafe order.deallocate()
        unsafe parents.deallocate()
        unsafe widths.deallocate()
    }

    /// Gives the code its widths and bits; symbols that do not occur fill it up to two.
    mutating func build(_ code: inout PrefixCode, _ frequencies: UnsafePointer<UInt32>, limit: Int) {
        unsafe plantLeaves(frequencies, count: code.count)
        let root = join(from: code.count)
        measure(root, leaves: code.count, limit: limit)
        code.assign { unsafe Int(widths[$0]) }
    }

    private mutating func plantLeaves(_ frequencies: UnsafePointer<UInt32>, count: Int) {
        heapCount = 0
        var last = -1
        for symbol in 0..<count {
            unsafe widths[symbol] = 0
            guard unsafe frequencies[symbol] > 0 else { continue }
            last = symbol
            plant(symbol, weight: unsafe frequencies[symbol])
        }
        while heapCount < 2 {
            // The number after the last is taken while it is small.
            let filler = last < 2 ? last + 1 : 0
            last = max(last, filler)
            plant(filler, weight: 1)
        }
    }

    private mutating func plant(_ symbol: Int, weight: UInt32) {
        heapCount += 1
        unsafe heap[heapCount] = UInt64(weight) << 24 | UInt64(symbol)
    }

    /// Joins the two lightest nodes until one is left, and says which.
    private mutating func join(from firstInner: Int) -> Int {
        for place in stride(from: heapCount / 2, through: 1, by: -1) { sink(from: place) }
        orderCount = 0
        var inner = firstInner
        while heapCount > 1 {
            let first = unsafe heap[1]
            unsafe heap[1] = heap[heapCount]
            heapCount -= 1
            sink(from: 1)
            let second = unsafe heap[1]
            attach(first, to: inner)
            attach(second, to: inner)
            let weight = first >> 24 + second >> 24
            let depth = 1 + max(first >> 16 & 0xFF, second >> 16 & 0xFF)
            unsafe heap[1] = weight << 24 | depth << 16 | UInt64(inner)
            sink(from: 1)
            inner += 1
        }
        return inner - 1
    }

    private mutating func attach(_ entry: UInt64, to parent: Int) {
        let node = UInt16(truncatingIfNeeded: entry)
        unsafe order[orderCount] = node
        unsafe parents[Int(node)] = UInt16(parent)
        orderCount += 1
    }

    /// Moves an entry down until no child is lighter; the left child moves up only if it is lighter than the right.
    @inline(__always) private func sink(from start: Int) {
        let entry = unsafe heap[start]
        var place = start
        while 2 &* place <= heapCount {
            var child = 2 &* place
            if child < heapCount, unsafe heap[child &+ 1] &>> 16 <= heap[child] &>> 16 { child &+= 1 }
            if unsafe entry &>> 16 <= heap[child] &>> 16 { break }
            unsafe heap[place] = heap[child]
            place = child
        }
        unsafe heap[place] = entry
    }

    /// Sets the widths of the leaves from the depths of the tree.
    private mutating func measure(_ root: Int, leaves: Int, limit: Int) {
        var counts = InlineArray<16, Int>(repeating: 0)
        var excess = 0
        unsafe widths[root] = 0
        for index in stride(from: orderCount - 1, through: 0, by: -1) {
            let node = unsafe Int(order[index])
            var width = unsafe Int(widths[Int(parents[node])]) + 1
            if width > limit {
                width = limit
                excess += 1
            }
            unsafe widths[node] = UInt8(width)
            if node < leaves { counts[width] += 1 }
        }
        if excess > 0 { repair(&counts, excess: excess, leaves: leaves, limit: limit) }
    }

    /// Makes room for the nodes, inner ones too, that were cut off at the limit.
    private mutating func repair(_ counts: inout InlineArray<16, Int>, excess: Int, leaves: Int, limit: Int) {
        var excess = excess
        while excess > 0 {
            // A leaf higher up moves down, and gets one of those as its sibling.
            var width = limit - 1
            while counts[width] == 0 { width -= 1 }
            counts[width] -= 1
            counts[width + 1] += 2
            counts[limit] -= 1
            excess -= 2
        }
        var width = limit
        for index in 0..<orderCount {
            let node = unsafe Int(order[index])
            guard node < leaves else { continue }
            while counts[width] == 0 { width -= 1 }
            counts[width] -= 1
            unsafe widths[node] = UInt8(width)
        }
    }
}
