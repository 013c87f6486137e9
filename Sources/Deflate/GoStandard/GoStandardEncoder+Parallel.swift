extension GoStandardEncoder {
    /// How many bytes the tasks of `encodeInParallel` encode at a time.
    public static let defaultPartSize = 1 << 20

    /// Encodes a whole stream on several threads; the same bytes as one encoder writes.
    ///
    /// Levels 4 to 9 and -1 share the search for copies; the others are encoded by the calling task alone.
    /// Memory: at most about 10 times the part size for each of `jobs` + 2 parts.
    ///
    /// - Parameters:
    ///   - level: as for `init(level:)`.
    ///   - jobs: how many tasks search at a time; at least 1.
    ///   - partSize: in bytes, a multiple of 32 KiB.
    ///   - pull: fills the buffer from its start with the stream's next bytes and says how many; 0 at the end.
    ///   - output: is called in the stream's order with encoded bytes, which are gone when it returns.
    /// - Throws: what `pull` or `output` throws.
    public static func encodeInParallel(
        level: Int, jobs: Int, partSize: Int = defaultPartSize,
        pull: (UnsafeMutableRawBufferPointer) throws -> Int,
        output: (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        guard let parameters = GoLevel(level), parameters.isLazy, jobs > 1 else {
            return try unsafe encodeAlone(level: level, pull: pull, output: output)
        }
        try await withThrowingTaskGroup(of: NumberedRun.self) { group in
            var reader = PartReader(partSize: partSize)
            var joiner = TokenJoiner(parameters)
            var parts: [Int: StreamPart] = [:]
            var runs: [Int: TokenRun] = [:]
            var started = 0
            var joined = 0
            while true {
                while parts.count < jobs + 2, let part = try unsafe reader.next(pull) {
                    let number = started
                    parts[number] = part
                    group.addTask { NumberedRun(number: number, run: TokenRun(part, parameters)) }
                    started += 1
                }
                guard let done = try await group.next() else { break }
                runs[done.number] = done.run
                while let run = runs.removeValue(forKey: joined), let part = parts.removeValue(forKey: joined) {
                    try unsafe joiner.append(part, run, output)
                    joined += 1
                }
            }
            try unsafe joiner.finish(output)
        }
    }

    private static func encodeAlone(
        level: Int, pull: (UnsafeMutableRawBufferPointer) throws -> Int,
        output: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var encoder = GoStandardEncoder(level: level)
        try unsafe forEachPiece(pull) { try unsafe encoder.append($0, output) }
        try unsafe encoder.finish(output)
    }
}

/// A part's run with the part's number, as runs end in any order.
private struct NumberedRun: Sendable {
    let number: Int
    let run: TokenRun
}
