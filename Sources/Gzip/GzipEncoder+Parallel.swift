extension GzipEncoder {
    /// Makes a whole blob on several threads; the same bytes as one encoder makes.
    ///
    /// Memory: at most about 10 MiB, or three blocks, for each of `jobs` + 2.
    ///
    /// - Parameters:
    ///   - encoding: What to make.
    ///   - jobs: How many tasks encode at a time; at least 1.
    ///   - pull: Fills the buffer from its start with the content's next bytes and says how many; 0 at the end.
    ///   - output: Is called in order with bytes of the blob, which are gone when it returns.
    /// - Throws: What `pull` or `output` throws.
    public static func encodeInParallel(
        _ encoding: GzipEncoding, jobs: Int, pull: (UnsafeMutableRawBufferPointer) throws -> Int,
        output: (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        var members = MemberBatches(MemberSequence(encoding))
        while let batches = try await unsafe encodeBatches(&members, jobs, pull, output) {
            // A large member comes alone: threads share it.
            var remaining = batches.length
            try await unsafe MemberEncoder.encodeInParallel(
                batches.member, jobs: jobs,
                pull: { buffer in
                    let part = unsafe buffer[..<Int(min(Int64(buffer.count), remaining))]
                    let count = try unsafe part.isEmpty ? 0 : pull(UnsafeMutableRawBufferPointer(rebasing: part))
                    remaining -= Int64(count)
                    return count
                }, output: output)
        }
    }

    /// Makes small members, several in each task, up to the next large one.
    ///
    /// - Returns: The large one; nil when there is none.
    private static func encodeBatches(
        _ members: inout MemberBatches, _ jobs: Int, _ pull: (UnsafeMutableRawBufferPointer) throws -> Int,
        _ output: (UnsafeRawBufferPointer) throws -> Void
    ) async throws -> (member: GzipMember, length: Int64)? {
        try await withThrowingTaskGroup(of: (number: Int, blob: [UInt8]).self) { group in
            var waiting: [Int: [UInt8]] = [:]
            var started = 0
            var ended = 0
            var written = 0
            while true {
                // The second bound holds when a slow batch keeps those after it from being written.
                while started < min(ended + jobs, written + jobs + 2), let batch = try unsafe members.nextBatch(pull) {
                    let number = started
                    group.addTask { (number, batch.blob()) }
                    started += 1
                }
                guard let done = try await group.next() else { return members.takeLarge() }
                ended += 1
                waiting[done.number] = done.blob
                while let blob = waiting.removeValue(forKey: written) {
                    try unsafe blob.withUnsafeBytes { try unsafe output($0) }
                    written += 1
                }
            }
        }
    }
}
