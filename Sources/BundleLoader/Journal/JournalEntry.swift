import Engines
import OCI
import StrictJSON

/// One image in the journal of an engine.
///
/// Spec: docs/loading.md section 6.
struct JournalEntry {
    /// How far the load of an image came.
    enum Stage: String {
        /// It may have begun; nothing that it was to write can be believed.
        case intent
        /// It is durable and confirmed.
        case done
    }

    let stage: Stage
    let load: LoadIntent
    /// The digest of the statement of the bundle that it came from.
    let statement: Digest

    init(stage: Stage, load: LoadIntent, statement: Digest) {
        self.stage = stage
        self.load = load
        self.statement = statement
    }

    /// Parses the bytes of its file.
    ///
    /// - Throws: `JSONError` for what no loader wrote.
    init(parsing bytes: [UInt8]) throws(JSONError) {
        let node = try JSONNode(parsing: bytes)
        try node.allowOnly(["diffIDs", "imageID", "present", "reference", "stage", "statement"])
        guard let stage = Stage(rawValue: try node.member("stage").string()) else {
            throw try node.member("stage").mismatch("intent or done")
        }
        var diffIDs: [DiffID] = []
        for element in try node.member("diffIDs").elements() { diffIDs.append(DiffID(try Self.digest(element))) }
        self.stage = stage
        load = LoadIntent(
            reference: try node.member("reference").string(), imageID: try Self.digest(node.member("imageID")),
            diffIDs: diffIDs,
            presentCount: Int(try node.member("present").integer(in: 0...Int64(diffIDs.count))))
        statement = try Self.digest(node.member("statement"))
    }

    /// The bytes of its file.
    var bytes: [UInt8] {
        JSONWriter.canonical(
            .object([
                "diffIDs": .strings(load.diffIDs.map(\.description)), "imageID": .string(load.imageID.description),
                "present": .integer(Int64(load.presentCount)), "reference": .string(load.reference),
                "stage": .string(stage.rawValue), "statement": .string(statement.description),
            ]))
    }

    private static func digest(_ node: JSONNode) throws(JSONError) -> Digest {
        let text = try node.string()
        do throws(OCIError) { return try Digest(parsing: text) } catch { throw node.mismatch("a digest") }
    }
}
