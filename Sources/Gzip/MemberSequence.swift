/// The members of a blob one by one, each with how much of the content it takes.
struct MemberSequence {
    private let runs: [GzipMembers.Run]
    private var run = 0
    private var position = 0

    init(_ encoding: GzipEncoding) {
        switch encoding {
        case .member(let member): runs = [GzipMembers.Run(member, lengths: [.max])]
        case .members(let members): runs = members.runs
        }
    }

    /// The next member; nil after the last, which takes whatever content comes: what does not belong there shows.
    mutating func next() -> (member: GzipMember, length: Int64)? {
        guard run < runs.count else { return nil }
        let current = runs[run]
        let length = current.lengths[position]
        position += 1
        if position == current.lengths.count {
            run += 1
            position = 0
        }
        return (current.member, run == runs.count ? .max : length)
    }
}
