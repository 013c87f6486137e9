/// The members of a gzip blob that has two or more, and how much of the content each holds.
///
/// Some programs end a member with each file or chunk, so that readers can start there: runs keep that small.
/// Spec: docs/format.md section 5.2.2.
public struct GzipMembers: Hashable, Sendable {
    /// Members in a row that are made in the same way.
    public struct Run: Hashable, Sendable {
        /// How each is made.
        public let member: GzipMember
        /// How many bytes of the content each holds, in their order.
        public var lengths: [Int64]

        /// A run of its parts.
        public init(_ member: GzipMember, lengths: [Int64]) {
            self.member = member
            self.lengths = lengths
        }
    }

    /// The most runs and the most members of a blob; with more, the description would no longer be small.
    public static let maximumRuns = 1 << 10, maximumCount = 1 << 17

    /// The members; neighbouring runs differ.
    public let runs: [Run]
    /// How many members there are.
    public let count: Int
    /// How many bytes of content they hold together.
    public let contentSize: Int64

    /// The members of some runs; nil when these break a rule of the format.
    public init?(runs: [Run]) {
        guard runs.count <= Self.maximumRuns, zip(runs, runs.dropFirst()).allSatisfy({ $0.member != $1.member }) else {
            return nil
        }
        var count = 0
        var contentSize: Int64 = 0
        for run in runs {
            guard !run.lengths.isEmpty else { return nil }
            count += run.lengths.count
            for length in run.lengths {
                let (sum, isTooMuch) = contentSize.addingReportingOverflow(length)
                guard length >= 0, !isTooMuch else { return nil }
                contentSize = sum
            }
        }
        guard (2...Self.maximumCount).contains(count) else { return nil }
        self.runs = runs
        self.count = count
        self.contentSize = contentSize
    }
}
