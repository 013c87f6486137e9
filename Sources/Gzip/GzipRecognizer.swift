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
/// A blob of one member only. Costs one full encoding when it succeeds, some of the blob's first 4 MiB for each encoder that
/// does not make it, and at most three full encodings where several make most of it. Memory: about 8 MiB.
public struct GzipRecognizer<Blob: RandomAccessBytes> {
    private let blob: Blob

    /// A recognizer of a blob that was inflated without an error before.
    public init(_ blob: Blob) { self.blob = blob }

    private static var sampleSize: Int { 4 << 20 }
    /// So many bytes are encoded in vain, whatever the size.
    private static var freeTries: Int64 { 16 << 20 }
    /// So much that came out the same is taken for a good sign.
    private static var convincingSize: Int64 { 64 << 10 }

    /// Looks for the encoding.
    ///
    /// - Parameters:
    ///   - contentSize: How many bytes the blob inflates to; bounds how much is tried.
    ///   - jobs: How many tasks make the blob.
    /// - Returns: What was proved over the whole blob; nil when no known encoder makes it.
    /// - Throws: `GzipError`, or what reading the blob throws.
    public func encoding(contentSize: Int64, jobs: Int = 1) async throws -> GzipEncoding? {
        let start = try blob.read(at: 0, count: Int(min(blob.size, Int64(GzipEncoding.maximumHeaderSize))))
        guard let length = HeaderReader.length(of: start) else { return nil }
        let sample = try sample()
        // Wrong encoders differ early, as a rule; where they do not, whoever made the blob may have wanted that.
        var budget = 2 * contentSize + Self.freeTries
        for candidate in GzipCandidates(header: Array(start[..<length])).encodings
        where try agrees(candidate, sample) {
            let (isMade, tried) = try await makes(candidate, jobs)
            if isMade { return candidate }
            budget -= tried
            if budget < 0 { return nil }
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
    ///
    /// - Returns: Also how many bytes of the content were encoded.
    private func makes(_ encoding: GzipEncoding, _ jobs: Int) async throws -> (isMade: Bool, tried: Int64) {
        var content = InflatedContent(blob)
        var comparison = BlobComparison(blob)
        do {
            try await unsafe GzipEncoder.encodeInParallel(
                encoding, jobs: jobs, pull: { try unsafe content.fill($0) },
                output: { try unsafe comparison.expect($0) })
            return (comparison.position == blob.size, content.given)
        } catch is BlobComparison<Blob>.Mismatch {
            return (false, content.given)
        }
    }
}

/// The content of a gzip blob, as much at a time as is asked for.
private struct InflatedContent<Blob: RandomAccessBytes> {
    private let blob: Blob
    private let inflater = Inflater()
    private var position: Int64 = 0
    private var inflated: [UInt8] = []
    private var used = 0
    /// How many bytes were given so far.
    private(set) var given: Int64 = 0

    /// A blob may come out a thousand times as large.
    private static var chunkSize: Int64 { 16 << 10 }

    /// Holds what cannot be copied, as closures that are called while a task waits may not.
    private final class Inflater {
        var value = GzipInflater()
    }

    init(_ blob: Blob) { self.blob = blob }

    /// Fills a buffer from its start; says how many bytes there were, 0 at the end.
    mutating func fill(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while used == inflated.count {
            guard position < blob.size else {
                try inflater.value.finish()
                return 0
            }
            let chunk = try blob.read(at: position, count: Int(min(Self.chunkSize, blob.size - position)))
            position += Int64(chunk.count)
            used = 0
            inflated.removeAll(keepingCapacity: true)
            try unsafe chunk.withUnsafeBytes { bytes in
                try unsafe inflater.value.inflate(bytes) { unsafe inflated.append(contentsOf: $0) }
            }
        }
        let count = min(buffer.count, inflated.count - used)
        unsafe buffer.copyBytes(from: inflated[used..<used + count])
        used += count
        given += Int64(count)
        try Task.checkCancellation()
        return count
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
