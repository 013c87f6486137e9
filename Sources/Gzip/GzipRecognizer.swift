import Deflate
import Glibc

/// Bytes that can be read at any place, such as a file.
public protocol RandomAccessBytes {
    /// How many there are.
    var size: Int64 { get }

    /// Some of them, all within `size`.
    func read(at offset: Int64, count: Int) throws -> [UInt8]
}

/// Finds the encoding that makes a gzip blob from its content, by making it and comparing.
///
/// A blob of one member only; costs one full encoding at most when it succeeds, and some of the blob's first 4 MiB for
/// each encoder that does not make it. Memory: about 8 MiB.
public struct GzipRecognizer<Blob: RandomAccessBytes> {
    private let blob: Blob

    /// A recognizer of a blob that was inflated without an error before.
    public init(_ blob: Blob) { self.blob = blob }

    private static var sampleSize: Int { 4 << 20 }
    private static var chunkSize: Int { 256 << 10 }
    /// So much that came out the same is taken for a good sign.
    private static var convincingSize: Int64 { 64 << 10 }

    /// The encoding, proved over the whole blob; nil when none is known.
    ///
    /// - Throws: `GzipError`, or what reading the blob throws.
    public func encoding() throws -> GzipEncoding? {
        let start = try blob.read(at: 0, count: Int(min(blob.size, Int64(GzipEncoding.maximumHeaderSize))))
        guard let length = HeaderReader.length(of: start) else { return nil }
        let sample = try sample()
        for candidate in GzipCandidates(header: Array(start[..<length])).encodings
        where try agrees(candidate, sample) {
            if try makes(candidate) { return candidate }
        }
        return nil
    }

    /// The first bytes of the content, in pieces.
    private func sample() throws -> [[UInt8]] {
        var inflater = GzipInflater()
        var pieces: [[UInt8]] = []
        var count = 0
        var position: Int64 = 0
        while position < blob.size, count < Self.sampleSize {
            let chunk = try blob.read(at: position, count: Int(min(64 << 10, blob.size - position)))
            position += Int64(chunk.count)
            try unsafe chunk.withUnsafeBytes { bytes in
                try unsafe inflater.inflate(bytes) { content in
                    guard count < Self.sampleSize else { return }
                    unsafe pieces.append(Array(content))
                    count += content.count
                }
            }
        }
        return pieces
    }

    /// Whether an encoding makes the start of the blob from the start of its content.
    private func agrees(_ encoding: GzipEncoding, _ sample: [[UInt8]]) throws -> Bool {
        var encoder = GzipEncoder(encoding)
        var comparison = BlobComparison(blob)
        do {
            for piece in sample where comparison.position < Self.convincingSize {
                try unsafe piece.withUnsafeBytes { bytes in
                    try unsafe encoder.append(bytes) { try unsafe comparison.expect($0) }
                }
            }
            return true
        } catch is BlobComparison<Blob>.Mismatch {
            return false
        }
    }

    /// Whether an encoding makes the whole blob from its content.
    private func makes(_ encoding: GzipEncoding) throws -> Bool {
        var inflater = GzipInflater()
        var encoder = GzipEncoder(encoding)
        var comparison = BlobComparison(blob)
        var position: Int64 = 0
        do {
            while position < blob.size {
                let chunk = try blob.read(at: position, count: Int(min(Int64(Self.chunkSize), blob.size - position)))
                position += Int64(chunk.count)
                try unsafe chunk.withUnsafeBytes { bytes in
                    try unsafe inflater.inflate(bytes) { content in
                        try unsafe encoder.append(content) { try unsafe comparison.expect($0) }
                    }
                }
            }
            try inflater.finish()
            try unsafe encoder.finish { try unsafe comparison.expect($0) }
            return comparison.position == blob.size
        } catch is BlobComparison<Blob>.Mismatch {
            return false
        }
    }
}

/// Compares what an encoder makes with a blob, from its start on.
private struct BlobComparison<Blob: RandomAccessBytes> {
    /// Something other than the blob's bytes came.
    struct Mismatch: Error {}

    private let blob: Blob
    private(set) var position: Int64 = 0

    init(_ blob: Blob) { self.blob = blob }

    mutating func expect(_ bytes: UnsafeRawBufferPointer) throws {
        guard Int64(bytes.count) <= blob.size - position else { throw Mismatch() }
        let expected = try blob.read(at: position, count: bytes.count)
        let isSame = unsafe expected.withUnsafeBytes { expected in
            guard let left = expected.baseAddress, let right = bytes.baseAddress else { return true }
            return unsafe memcmp(left, right, bytes.count) == 0
        }
        guard isSame else { throw Mismatch() }
        position += Int64(bytes.count)
    }
}
