/// What ends a gzip member: the CRC-32 and the length of its content, RFC 1952 § 2.3.1.
public struct MemberTrailer: Sendable {
    private var checksum = CRC32()
    private var length: UInt32 = 0

    /// Of no content.
    public init() {}

    /// Takes the next bytes of the content.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        unsafe checksum.update(bytes)
        length &+= UInt32(truncatingIfNeeded: bytes.count)
    }

    /// The eight bytes.
    public var bytes: [UInt8] {
        let value = UInt64(length) << 32 | UInt64(checksum.value)
        return (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
    }
}
