import Deflate

/// Makes one gzip member from its content.
struct MemberEncoder: ~Copyable {
    private let header: [UInt8]
    private var isStarted = false
    private var deflate: DeflateEncoder
    private var trailer = MemberTrailer()

    init(_ member: GzipMember) {
        header = member.header
        deflate = DeflateEncoder(member.deflate)
    }

    mutating func append(
        _ bytes: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        try unsafe start(output)
        unsafe trailer.update(bytes)
        try unsafe deflate.append(bytes, output)
    }

    mutating func finish(_ output: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        try unsafe start(output)
        try unsafe deflate.finish(output)
        try unsafe trailer.bytes.withUnsafeBytes { try unsafe output($0) }
    }

    private mutating func start(_ output: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        guard !isStarted else { return }
        isStarted = true
        try unsafe header.withUnsafeBytes { unsafe try output($0) }
    }

    /// Makes a whole member on several threads; the same bytes as one encoder makes.
    ///
    /// Parameters as for `GzipEncoder.encodeInParallel`.
    static func encodeInParallel(
        _ member: GzipMember, jobs: Int, pull: (UnsafeMutableRawBufferPointer) throws -> Int,
        output: (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        try unsafe member.header.withUnsafeBytes { try unsafe output($0) }
        var trailer = MemberTrailer()
        try await unsafe DeflateEncoder.encodeInParallel(
            member.deflate, jobs: jobs,
            pull: { buffer in
                let count = try unsafe pull(buffer)
                unsafe trailer.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                return count
            }, output: output)
        try unsafe trailer.bytes.withUnsafeBytes { try unsafe output($0) }
    }
}
