public import Deflate

/// Makes corrections for a gzip blob that no known encoder makes, where they are much smaller than the blob.
///
/// Costs a few MiB of work where they are not, else about as much as compressing the blob, twice. Memory: about 12 MiB.
public struct CorrectionSearch<Blob: RandomAccessBytes> {
    private let blob: Blob

    /// For a blob that was inflated without an error before.
    public init(_ blob: Blob) { self.blob = blob }

    /// Corrections are worth their place when they are smaller than this part of the blob.
    private static var worthwhilePart: Int64 { 3 }
    /// After so much of the blob its start must say so as well.
    private static var convincingSize: Int64 { 1 << 20 }

    /// Makes corrections; they are not yet proved.
    ///
    /// - Parameter output: Gets their bytes, a piece at a time.
    /// - Returns: False when there are none, or they are not small enough: what `output` got is of no use then.
    /// - Throws: `GzipError`, `CancellationError`, or what reading the blob or `output` throws.
    public func make(_ output: ([UInt8]) throws -> Void) throws -> Bool {
        let settings = try CorrectionMaker.settings(
            size: blob.size, blob: { BlobBytes(blob) }, content: { BlobContent(blob) }, startHeader: startHeader)
        guard let settings else { return false }
        let bytes = BlobBytes(blob)
        var maker = CorrectionMaker(settings, blob: bytes, content: BlobContent(blob))
        var size: Int64 = 0
        return try maker.run(startHeader: startHeader) { piece in
            size += Int64(piece.count)
            let made = bytes.position < Self.convincingSize ? blob.size : bytes.position
            guard size < made / Self.worthwhilePart else { return false }
            try output(piece)
            return true
        }
    }

    /// Whether the blob comes out of its content and corrections.
    ///
    /// - Parameter corrections: What `make` made.
    /// - Returns: Whether every byte does.
    /// - Throws: As `make`, or what reading the corrections throws.
    public func proves(_ corrections: any ByteSource) throws -> Bool {
        let content = BlobContent(blob)
        var restorer = CorrectionRestorer(corrections)
        var comparison = BlobComparison(blob, at: 0)
        do {
            while case let piece = try content.next(), !piece.isEmpty {
                try unsafe piece.withUnsafeBytes { bytes in
                    try unsafe restorer.append(bytes) { try unsafe comparison.expect($0) }
                }
            }
            try unsafe restorer.finish { try unsafe comparison.expect($0) }
            return comparison.position == blob.size
        } catch is BlobComparison<Blob>.Mismatch {
            return false
        }
    }
}

/// Reads the header of a member of some blob.
private func startHeader() -> CorrectionMaker.HeaderEnd {
    var reader = HeaderReader(isFirst: true)
    return { try reader.take($0) }
}

/// The bytes of a blob, one piece after another.
private final class BlobBytes<Blob: RandomAccessBytes>: ByteSource {
    private let blob: Blob
    private(set) var position: Int64 = 0

    /// A blob may come out a thousand times as large.
    private static var chunkSize: Int64 { 16 << 10 }

    init(_ blob: Blob) { self.blob = blob }

    func next() throws -> [UInt8] {
        try Task.checkCancellation()
        let count = min(Self.chunkSize, blob.size - position)
        defer { position += count }
        return try blob.read(at: position, count: Int(count))
    }
}

/// The content of all members of a blob.
private final class BlobContent<Blob: RandomAccessBytes>: ByteSource {
    private let bytes: BlobBytes<Blob>
    private var inflater = GzipInflater()

    init(_ blob: Blob) { bytes = BlobBytes(blob) }

    func next() throws -> [UInt8] {
        var content: [UInt8] = []
        while content.isEmpty, case let piece = try bytes.next() {
            guard !piece.isEmpty else {
                try inflater.finish()
                break
            }
            try unsafe piece.withUnsafeBytes { piece in
                try unsafe inflater.inflate(piece) { unsafe content.append(contentsOf: $0) }
            }
        }
        return content
    }
}
