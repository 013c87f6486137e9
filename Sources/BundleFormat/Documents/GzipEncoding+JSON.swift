public import Gzip
import OCI
public import StrictJSON

/// Spec: docs/format.md sections 5.2.1 and 5.2.2.
extension GzipEncoding {
    /// From a layer's `encoding` whose type is `gzip` or `gzip-members`.
    ///
    /// - Throws: `JSONError`, or `BundleError` with code `unsupported` for an unknown encoder.
    public init(json node: JSONNode) throws {
        guard try node.member("type").string() == "gzip-members" else {
            try node.allowOnly(GzipMember.names + ["type"])
            self = .member(try GzipMember(json: node))
            return
        }
        try node.allowOnly(["runs", "type"])
        let runs = try node.member("runs")
        let parsed = try runs.elements().map { run in
            try run.allowOnly(GzipMember.names + ["lengths"])
            let lengths = try run.member("lengths").elements().map { try $0.integer(in: 0...Descriptor.maximumSize) }
            return GzipMembers.Run(try GzipMember(json: run), lengths: lengths)
        }
        guard let members = GzipMembers(runs: parsed) else { throw runs.mismatch("two gzip members or more, in runs") }
        self = .members(members)
    }

    /// As a layer's `encoding`.
    public var json: JSONValue {
        switch self {
        case .member(let member): member.json("type", .string("gzip"))
        case .members(let members):
            .object([
                "runs": .array(
                    members.runs.map { $0.member.json("lengths", .array($0.lengths.map(JSONValue.integer))) }),
                "type": .string("gzip-members"),
            ])
        }
    }
}
