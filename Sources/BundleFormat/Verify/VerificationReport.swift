public import OCI
public import StrictJSON

/// What a verification found.
public struct VerificationReport: Sendable {
    /// The statement, whose signatures are valid.
    public let statement: Statement
    /// The SHA-256 of the statement.
    public let statementDigest: Digest
    /// The ids of the trusted keys that signed it.
    public let signers: [Digest]
    /// How much was checked.
    public let depth: Verifier.Depth
    /// Everything that is wrong, in the order of docs/format.md.
    public let faults: [Fault]
    /// The packs that lie on other volumes or in other bundles, by number.
    public let elsewhere: [Int: BundlePack.Place]
    /// How many images the bundle has; 0 when its manifest is damaged.
    public let imageCount: Int
    /// How many layers the bundle has; 0 when its manifest is damaged.
    public let layerCount: Int
    /// How many stored bytes were read and hashed.
    public let bytesRead: Int64

    /// Whether there is nothing wrong and nothing missing.
    public var isComplete: Bool { faults.isEmpty && elsewhere.isEmpty }

    /// The document that `bundle verify --json` prints; docs/reference.md has its schema.
    public var json: JSONValue {
        .object([
            "bytesRead": .integer(bytesRead),
            "channel": .string(statement.channel),
            "created": .string(statement.created.description),
            "depth": .string(depth.rawValue),
            "elsewhere": .array(
                elsewhere.sorted { $0.key < $1.key }.map { pack in
                    switch pack.value {
                    case .volume(let number): .object(["pack": .integer(Int64(pack.key)), "volume": .integer(number)])
                    case .bundle(let digest):
                        .object(["bundle": .string(digest.hex), "pack": .integer(Int64(pack.key))])
                    case .here: .object(["pack": .integer(Int64(pack.key))])
                    }
                }),
            "faults": .array(faults.map(\.json)),
            "images": .integer(Int64(imageCount)),
            "layers": .integer(Int64(layerCount)),
            "product": .string(statement.product),
            "result": .string(!faults.isEmpty ? "damaged" : elsewhere.isEmpty ? "ok" : "incomplete"),
            "signers": .strings(signers.map(\.hex)),
            "statement": .string(statementDigest.hex),
            "version": .integer(statement.version),
        ])
    }
}
