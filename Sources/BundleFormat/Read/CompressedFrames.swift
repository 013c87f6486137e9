/// Compressed frames that were authenticated and are needed again, so that a slow medium has to give each of them once.
///
/// Layers that share files read the same frames, often in another order; compressed, many more of them fit into memory.
struct CompressedFrames {
    private let capacity: Int
    /// How many of the expected streams have not been read yet, for each of their frames.
    private var demand: [Int: Int] = [:]
    private var frames: [Int: [UInt8]] = [:]
    /// The frame that was used longest ago comes first.
    private var order: [Int] = []
    private var size = 0

    /// - Parameter capacity: How many bytes are kept.
    init(capacity: Int) { self.capacity = capacity }

    /// Notes that a stream made of these frames is going to be read.
    mutating func expect(_ numbers: Set<Int>) { for number in numbers { demand[number, default: 0] += 1 } }

    /// Notes that such a stream was read.
    mutating func finished(_ numbers: Set<Int>) {
        for number in numbers {
            guard let count = demand[number] else { continue }
            demand[number] = count > 1 ? count - 1 : nil
        }
    }

    /// A frame that is kept.
    mutating func frame(_ number: Int) -> [UInt8]? {
        guard let frame = frames[number] else { return nil }
        touch(number)
        return frame
    }

    /// Keeps a frame where somebody still needs it.
    mutating func keep(_ frame: ArraySlice<UInt8>, _ number: Int) {
        guard demand[number] != nil, frame.count <= capacity, frames[number] == nil else { return }
        while size + frame.count > capacity { removeOne() }
        frames[number] = Array(frame)
        order.append(number)
        size += frame.count
    }

    private mutating func touch(_ number: Int) {
        guard order.last != number else { return }
        order.removeAll { $0 == number }
        order.append(number)
    }

    /// Rather one that nobody needs any more than the one used longest ago.
    private mutating func removeOne() {
        let position = order.firstIndex { demand[$0] == nil } ?? 0
        size -= frames.removeValue(forKey: order.remove(at: position))?.count ?? 0
    }
}
