/// Members in a row that are small enough for one task to make together, with their content.
struct MemberBatches {
    /// Some members, and what they hold.
    struct Batch: Sendable {
        fileprivate var members: [(member: GzipMember, length: Int64)] = []
        fileprivate var content: [UInt8] = []

        /// The members, one after another.
        func blob() -> [UInt8] {
            var blob: [UInt8] = []
            var start = 0
            unsafe content.withUnsafeBytes { content in
                for (member, length) in members {
                    let end = min(start + Int(length), content.count)
                    var encoder = MemberEncoder(member)
                    unsafe encoder.append(UnsafeRawBufferPointer(rebasing: content[start..<end])) {
                        unsafe blob.append(contentsOf: $0)
                    }
                    unsafe encoder.finish { unsafe blob.append(contentsOf: $0) }
                    start = end
                }
            }
            return blob
        }
    }

    /// The most content of a batch, in bytes, and the most members: each has a header, also where it is empty.
    private static let batchSize: Int64 = 4 << 20, batchCount = 1 << 12

    private var members: MemberSequence
    private var following: (member: GzipMember, length: Int64)?

    init(_ members: MemberSequence) {
        self.members = members
        following = self.members.next()
    }

    /// The next small members; nil when none follow, or a large one does.
    mutating func nextBatch(_ pull: (UnsafeMutableRawBufferPointer) throws -> Int) throws -> Batch? {
        var batch = Batch()
        var size: Int64 = 0
        while let member = following, member.length <= Self.batchSize - size, batch.members.count < Self.batchCount {
            size += member.length
            batch.members.append(member)
            following = members.next()
        }
        guard !batch.members.isEmpty else { return nil }
        batch.content = try unsafe [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, count in
            let memory = UnsafeMutableRawBufferPointer(buffer)
            while count < Int(size),
                case let taken = try unsafe pull(UnsafeMutableRawBufferPointer(rebasing: memory[count..<Int(size)])),
                taken > 0
            {
                count += taken
            }
        }
        return batch
    }

    /// The large member that follows; to be called when `nextBatch` has none.
    mutating func takeLarge() -> (member: GzipMember, length: Int64)? {
        defer { following = members.next() }
        return following
    }
}
