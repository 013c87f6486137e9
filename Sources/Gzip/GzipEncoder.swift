/// Makes a gzip blob from its content: the same bytes for the same encoding.
///
/// Memory: about 3 MiB, and two blocks where the encoding has blocks.
public struct GzipEncoder: ~Copyable {
    private var others: MemberSequence
    private var member: MemberEncoder
    /// How much of the content the member still takes.
    private var remaining: Int64

    /// An encoder for one blob.
    public init(_ encoding: GzipEncoding) {
        others = MemberSequence(encoding)
        guard let first = others.next() else { preconditionFailure("every encoding has a member") }
        member = MemberEncoder(first.member)
        remaining = first.length
    }

    /// Takes the next bytes of the content and hands on what is made.
    ///
    /// - Parameters:
    ///   - bytes: any number.
    ///   - output: is called with bytes of the blob, which are gone when it returns.
    /// - Throws: what `output` throws; the encoder must not be used any more then.
    public mutating func append(
        _ bytes: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        var rest = unsafe bytes
        while unsafe !rest.isEmpty {
            while remaining == 0, try unsafe startNext(output) {}
            let count = Int(min(Int64(rest.count), remaining))
            try unsafe member.append(UnsafeRawBufferPointer(rebasing: rest[..<count]), output)
            remaining -= Int64(count)
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Ends the blob; the encoder must not be used any more.
    ///
    /// - Parameter output: as for `append`.
    /// - Throws: what `output` throws.
    public mutating func finish(_ output: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        while try unsafe startNext(output) {}
        try unsafe member.finish(output)
    }

    /// Ends a member and starts the next; says whether there is one.
    private mutating func startNext(_ output: (UnsafeRawBufferPointer) throws -> Void) rethrows -> Bool {
        guard let next = others.next() else { return false }
        try unsafe member.finish(output)
        member = MemberEncoder(next.member)
        remaining = next.length
        return true
    }
}
