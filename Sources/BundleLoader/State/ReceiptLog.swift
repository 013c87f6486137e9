public import DurableFiles
public import StrictJSON

/// What happened at each run, one line of canonical JSON each.
///
/// Spec: docs/loading.md section 8.
public struct ReceiptLog: Sendable {
    /// The name in the state directory.
    public static let fileName = "receipts.jsonl"
    /// The most bytes at the end of the file that are searched.
    static let window = 16 << 20
    private static let lineFeed: UInt8 = 0x0A
    private let state: Directory

    /// The log of a state directory.
    public init(in state: Directory) { self.state = state }

    /// Adds a line and returns when it is durable; what a crash left of an earlier line is cut off before.
    ///
    /// Only for who holds the lock of the state directory.
    ///
    /// - Throws: `LoadError`; the log is then as it was, or ends in a part of a line that the next run cuts off.
    public func append(_ receipt: JSONValue) throws(LoadError) {
        do throws(FileError) {
            var file = try state.openAppendableFile(Self.fileName, mode: 0o600)
            let whole = try endOfLastLine()
            if whole < file.size { try file.truncate(to: whole) }
            try file.append(JSONWriter.canonical(receipt))
            try file.sync()
        } catch {
            throw LoadError(LoadError(error).code, "writing the receipt: \(error.message)", cause: error)
        }
    }

    /// The last whole line, and the bytes of it without its line feed; nil when there is none.
    ///
    /// - Throws: `LoadError` when the file cannot be read.
    public func last() throws(LoadError) -> (receipt: JSONNode, line: [UInt8])? {
        var bytes = try tail(Self.window)[...]
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

    private func tail(_ limit: Int) throws(LoadError) -> [UInt8] {
        do throws(FileError) {
            let file = try state.openFile(Self.fileName)
            let count = min(file.size, Int64(limit))
            return try file.read(at: file.size - count, count: Int(count))
        } catch {
            guard error.code == .notFound else { throw LoadError(error) }
            return []
        }
    }
}
