import Tar

/// What a scanner says of some bytes, in a form that tests can compare.
struct TarTrace: Equatable {
    /// One stretch of the input.
    enum Part: Equatable {
        /// Headers, records, padding and the like, as many bytes as this.
        case metadata(Int)
        /// A file that says it has this size, and how many bytes came.
        case file(size: Int64, count: Int)
    }

    /// The stretches, neighbouring metadata in one.
    private(set) var parts: [Part] = []
    /// All bytes that were handed on, in their order.
    private(set) var bytes: [UInt8] = []
    /// The contents of the files.
    private(set) var contents: [[UInt8]] = []
    /// What was wrong with the order of the events.
    private(set) var complaints: [String] = []
    private var isInFile = false

    /// Scans bytes in pieces of these sizes, over and over.
    init(_ input: [UInt8], pieces: [Int] = [Int.max]) {
        var scanner = TarScanner()
        var position = 0
        var turn = 0
        input.withUnsafeBytes { all in
            while position < all.count {
                let count = min(pieces[turn % pieces.count], all.count - position)
                scanner.scan(UnsafeRawBufferPointer(rebasing: all[position..<position + count])) { take($0) }
                position += count
                turn += 1
            }
        }
        scanner.finish { take($0) }
        if isInFile { complaints.append("a file without an end") }
    }

    /// The sizes of the files that said how long they are.
    var sizes: [Int64] {
        parts.compactMap { part in
            guard case .file(let size, _) = part, size != Int64.max else { return nil }
            return size
        }
    }

    /// How many bytes were in stretches that are no tar.
    var lostCount: Int {
        parts.reduce(0) { sum, part in
            guard case .file(Int64.max, let count) = part else { return sum }
            return sum + count
        }
    }

    private mutating func take(_ event: TarScanner.Event) {
        switch event {
        case .metadata(let piece):
            if isInFile { complaints.append("metadata within a file") }
            if piece.isEmpty { complaints.append("an empty piece of metadata") }
            bytes += piece
            if case .metadata(let count) = parts.last {
                parts[parts.count - 1] = .metadata(count + piece.count)
            } else {
                parts.append(.metadata(piece.count))
            }
        case .file(let size):
            if isInFile { complaints.append("a file within a file") }
            if size <= 0 { complaints.append("a file of size \(size)") }
            isInFile = true
            parts.append(.file(size: size, count: 0))
            contents.append([])
        case .content(let piece):
            if piece.isEmpty { complaints.append("an empty piece of content") }
            guard isInFile, case .file(let size, let count) = parts.last else {
                complaints.append("content without a file")
                return
            }
            bytes += piece
            contents[contents.count - 1] += piece
            parts[parts.count - 1] = .file(size: size, count: count + piece.count)
            if Int64(count + piece.count) > size { complaints.append("more content than the file's size") }
        case .endOfContent:
            if !isInFile { complaints.append("an end without a file") }
            isInFile = false
        }
    }
}
