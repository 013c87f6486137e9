/// Finds the encoding that makes a gzip blob from its content, by making it and comparing.
///
/// Costs one full encoding when it succeeds, some of the blob's first 4 MiB for each encoder that does not make it, and at
/// most three full encodings where several make most of it. Memory: about 16 MiB.
public struct GzipRecognizer<Blob: RandomAccessBytes> {
    private let blob: Blob

    /// A recognizer of a blob that was inflated without an error before.
    public init(_ blob: Blob) { self.blob = blob }

    /// So many bytes are encoded in vain, whatever the size.
    private static var freeTries: Int64 { 128 << 20 }
    /// What a try costs at least, in bytes that are encoded.
    private static var tryCost: Int64 { 128 << 10 }
    /// So many encoders that made members are tried before all others for the next member.
    private static var rememberedCount: Int { 4 }

    /// Looks for the encoding.
    ///
    /// - Parameters:
    ///   - contentSize: How many bytes the blob inflates to; bounds how much is tried.
    ///   - jobs: How many tasks make the blob.
    /// - Returns: What was proved over the whole blob; nil when no known encoder makes it.
    /// - Throws: `GzipError`, or what reading the blob throws.
    public func encoding(contentSize: Int64, jobs: Int = 1) async throws -> GzipEncoding? {
        // Wrong encoders differ early, as a rule; where they do not, whoever made the blob may have wanted that.
        var budget = 2 * contentSize + Self.freeTries
        var remembered: [GzipMember] = []
        var runs: [GzipMembers.Run] = []
        var count = 0
        var start: Int64 = 0
        repeat {
            guard let found = try await member(at: start, remembered, &budget, jobs) else { return nil }
            if start == 0, found.end == blob.size { return .member(found.member) }
            remembered.removeAll { $0.deflate == found.member.deflate }
            remembered = [found.member] + remembered.prefix(Self.rememberedCount - 1)
            start = found.end
            if runs.last?.member == found.member {
                runs[runs.count - 1].lengths.append(found.length)
            } else {
                runs.append(GzipMembers.Run(found.member, lengths: [found.length]))
            }
            count += 1
            guard runs.count <= GzipMembers.maximumRuns, count <= GzipMembers.maximumCount else { return nil }
        } while start < blob.size
        return GzipMembers(runs: runs).map(GzipEncoding.members)
    }

    /// A member that was made again.
    private struct Found {
        let member: GzipMember
        /// How many bytes it holds.
        let length: Int64
        /// Where it ends in the blob.
        let end: Int64
    }

    /// Looks for what makes the member that starts at an offset.
    private func member(
        at start: Int64, _ remembered: [GzipMember], _ budget: inout Int64, _ jobs: Int
    ) async throws -> Found? {
        guard let sample = try MemberSample(blob, at: start) else { return nil }
        let known = remembered.compactMap { GzipMember(header: sample.header, deflate: $0.deflate) }
        for candidate in known + GzipCandidates(header: sample.header).members {
            let probe = try sample.probe(candidate)
            budget -= probe.tried + Self.tryCost
            if let end = probe.end { return Found(member: candidate, length: probe.tried, end: end) }
            if probe.agrees {
                let attempt = try await makes(candidate, at: start, jobs)
                if let end = attempt.end { return Found(member: candidate, length: attempt.tried, end: end) }
                budget -= attempt.tried
            }
            if budget < 0 { return nil }
        }
        return nil
    }

    /// Whether a candidate makes the whole member from its content.
    ///
    /// - Returns: Where the member ends, if so, and how many bytes of the content were encoded.
    private func makes(_ member: GzipMember, at start: Int64, _ jobs: Int) async throws -> (end: Int64?, tried: Int64) {
        var content = MemberContent(blob, at: start)
        var comparison = BlobComparison(blob, at: start)
        do {
            try await unsafe MemberEncoder.encodeInParallel(
                member, jobs: jobs, pull: { try unsafe content.fill($0) },
                output: { try unsafe comparison.expect($0) })
            return (comparison.position == content.position ? content.position : nil, content.given)
        } catch is BlobComparison<Blob>.Mismatch {
            return (nil, content.given)
        }
    }
}
