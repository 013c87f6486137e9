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
    /// The names that loads gave the image.
    let names: Set<String>
    /// Whose bundles brought it or found it as brought, as `product/channel`.
    let owners: Set<String>

    init(stage: Stage, load: LoadIntent, statement: Digest, names: Set<String>, owners: Set<String>) {
        self.stage = stage
        self.load = load
        self.statement = statement
        self.names = names
        self.owners = owners
    }

    /// The same with what an earlier entry of the image says besides.
    func merged(with earlier: JournalEntry?) -> JournalEntry {
        JournalEntry(
            stage: stage, load: load, statement: statement, names: names.union(earlier?.names ?? []),
            owners: owners.union(earlier?.owners ?? []))
    }

    /// Parses the bytes of its file.
    ///
    /// - Throws: `JSONError` for what no loader wrote.
    init(parsing bytes: [UInt8]) throws(JSONError) {
        let node = try JSONNode(parsing: bytes)
        try node.allowOnly(["diffIDs", "imageID", "names", "owners", "present", "reference", "stage", "statement"])
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
        names = try Self.strings(node.optional("names"))
        owners = try Self.strings(node.optional("owners"))
    }

    /// The bytes of its file.
    var bytes: [UInt8] {
        JSONWriter.canonical(
            .object([
                "diffIDs": .strings(load.diffIDs.map(\.description)), "imageID": .string(load.imageID.description),
                "names": .strings(names.sorted()), "owners": .strings(owners.sorted()),
                "present": .integer(Int64(load.presentCount)), "reference": .string(load.reference),
                "stage": .string(stage.rawValue), "statement": .string(statement.description),
            ]))
    }

    private static func strings(_ node: JSONNode?) throws(JSONError) -> Set<String> {
        var strings: Set<String> = []
        for element in try node?.elements() ?? [] { strings.insert(try element.string()) }
        return strings
    }

    private static func digest(_ node: JSONNode) throws(JSONError) -> Digest {
        let text = try node.string()
        do throws(OCIError) { return try Digest(parsing: text) } catch { throw node.mismatch("a digest") }
    }
}
