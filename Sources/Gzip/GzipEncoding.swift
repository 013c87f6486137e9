public import Deflate

/// How a gzip blob is made from its content, bit for bit.
///
/// Spec: docs/format.md sections 5.2.1 and 5.2.2.
public enum GzipEncoding: Hashable, Sendable, CustomStringConvertible {
    /// As one member.
    case member(GzipMember)
    /// As several, one after another, each of a part of the content.
    case members(GzipMembers)

    /// One member of its parts; nil when the header is none, or too long.
    public init?(header: [UInt8], deflate: DeflateEncoding) {
        guard let member = GzipMember(header: header, deflate: deflate) else { return nil }
        self = .member(member)
    }

    /// How long the content must be, in bytes; nil where it may have any length.
    public var contentSize: Int64? {
        switch self {
        case .member: nil
        case .members(let members): members.contentSize
        }
    }

    /// For people: `go, level 6`, or `zlib, level 6; 17 members`.
    public var description: String {
        switch self {
        case .member(let member): return "\(member.deflate)"
        case .members(let members):
            var encoders: [String] = []
            for run in members.runs where !encoders.contains("\(run.member.deflate)") {
                encoders.append("\(run.member.deflate)")
            }
            return encoders.joined(separator: "; ") + "; \(members.count) members"
        }
    }
}
