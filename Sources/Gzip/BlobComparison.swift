import Glibc

/// Bytes that can be read at any place, such as a file.
public protocol RandomAccessBytes {
    /// How many there are.
    var size: Int64 { get }

    /// Some of them, all within `size`.
    func read(at offset: Int64, count: Int) throws -> [UInt8]
}

/// Compares what an encoder makes with a blob, from an offset on.
struct BlobComparison<Blob: RandomAccessBytes> {
    /// Something other than the blob's bytes came.
    struct Mismatch: Error {}

    private let blob: Blob
    /// Where the next byte is expected.
    private(set) var position: Int64

    init(_ blob: Blob, at start: Int64) {
        self.blob = blob
        position = start
    }

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
