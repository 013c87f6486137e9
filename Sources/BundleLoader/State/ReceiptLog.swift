public import DurableFiles
public import StrictJSON

/// What happened at each run, one line of canonical JSON each.
///
/// Spec: docs/loading.md section 8.
public struct ReceiptLog: Sendable {
    /// The name in the state directory.
    public static let fileName = "receipts.jsonl"
    /// How long the file may grow; then the newest lines of half as many bytes are kept.
    static let maximumSize: Int64 = 8 << 20
    /// The most bytes at the end of the file that are searched.
    private static let window: Int64 = 16 << 20
    private static let lineFeed: UInt8 = 0x0A
    private let state: Directory

    /// The log of a state directory.
    public init(in state: Directory) { self.state = state }

    /// Adds a line and returns when it is durable; what a crash left of an earlier line is cut off before.
    ///
    /// Where the file would get too long, it is replaced in one step by one without its oldest lines.
    ///
    /// Only for who holds the lock of the state directory.
    ///
    /// - Throws: `LoadError`; the log is then as it was, or ends in a part of a line that the next run cuts off.
    public func append(_ receipt: JSONValue) throws(LoadError) {
        do throws(FileError) {
            let line = JSONWriter.canonical(receipt)
            var file = try state.openAppendableFile(Self.fileName, mode: 0o600)
            let whole = try endOfLastLine()
            guard whole + Int64(line.count) <= Self.maximumSize else {
                let kept = try lines(to: whole, limit: Self.maximumSize / 2 - Int64(line.count))
                return try state.writeFile(Self.fileName, kept + line, mode: 0o600)
            }
            if whole < file.size { try file.truncate(to: whole) }
            try file.append(line)
            try file.sync()
        } catch {
            throw LoadError(LoadError(error).code, "writing the receipt: \(error.message)", cause: error)
        }
    }

    /// The last whole line, and the bytes of it without its line feed; nil when there is none.
    ///
    /// - Throws: `LoadError` when the file cannot be read.
    public func last() throws(LoadError) -> (receipt: JSONNode, line: [UInt8])? {
        var bytes = try all()[...]
        while let end = bytes.lastIndex(of: Self.lineFeed) {
            bytes = bytes[..<end]
            let start = bytes.lastIndex(of: Self.lineFeed).map { $0 + 1 } ?? 0
            let line = Array(bytes[start...])
            // A line that is no JSON is what a power cut left; the one before it was durable.
            if let receipt = try? JSONNode(parsing: line), case .object = receipt.value { return (receipt, line) }
        }
        return nil
    }

    /// How long the file is without the part of a line at its end.
    private func endOfLastLine() throws(FileError) -> Int64 {
        let file = try state.openFile(Self.fileName)
        var end = file.size
        while end > 0 {
            let count = min(end, Int64(1 << 16))
            let bytes = try file.read(at: end - count, count: Int(count))
            if let last = bytes.lastIndex(of: Self.lineFeed) { return end - count + Int64(last) + 1 }
            end -= count
        }
        return 0
    }

    /// The last whole lines before an offset at which a line ends, of at most so many bytes.
    private func lines(to end: Int64, limit: Int64) throws(FileError) -> [UInt8] {
        let file = try state.openFile(Self.fileName)
        // With the byte before, which tells whether a line begins behind it.
        let start = max(0, end - max(0, limit) - 1)
        let bytes = try file.read(at: start, count: Int(end - start))
        guard start > 0 else { return bytes }
        return Array(bytes.drop { $0 != Self.lineFeed }.dropFirst())
    }

    /// The file as it is; where it is longer than a loader leaves it, its end.
    private func all() throws(LoadError) -> [UInt8] {
        do throws(FileError) {
            let file = try state.openFile(Self.fileName)
            let count = min(file.size, Self.window)
            return try file.read(at: file.size - count, count: Int(count))
        } catch {
            guard error.code == .notFound else { throw LoadError(error) }
            return []
        }
    }
}
