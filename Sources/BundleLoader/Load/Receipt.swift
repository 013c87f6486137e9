public import BundleFormat
import Engines
public import OCI
public import StrictJSON

/// What a load did: one JSON line for ever.
///
/// Spec: docs/loading.md section 8.
public struct Receipt: Sendable {
    /// When the run began, by a clock that may be wrong.
    public var started: Timestamp
    /// When it ended.
    public var ended: Timestamp
    /// The bundle; nil when none was trusted.
    public var bundle: Bundle?
    /// The target; nil when none was reached.
    public var target: Target?
    /// What became of each image, in loading order.
    public var images: [Image] = []
    /// The image IDs that healing removed.
    public var removed: [Digest] = []
    /// How long planning, sending and syncing took.
    public var planning: Duration = .zero
    /// See `planning`.
    public var loading: Duration = .zero
    /// See `planning`.
    public var syncing: Duration = .zero
    /// The exit code.
    public var result: Int32 = 0
    /// The sentence, when there is one.
    public var error: String?

    /// The bundle that was trusted.
    public struct Bundle: Sendable {
        /// The statement.
        public let statement: Statement
        /// Its digest.
        public let digest: Digest
        /// The keys that signed it.
        public let signers: [Digest]
    }

    /// The target that was reached.
    public struct Target: Sendable {
        /// `docker` or `registry-dir`.
        public let kind: String
        /// For people.
        public let description: String
    }

    /// What became of one image.
    public struct Image: Sendable {
        /// The reference.
        public let reference: String
        /// What the target knows it by.
        public let id: Digest
        /// What became of it.
        public var result: Result
        /// How many bytes were sent.
        public var sent: Int64
        /// How many layers were sent.
        public let sentLayers: Int
        /// How many layers were there.
        public let presentLayers: Int

        /// What became of an image.
        public enum Result: String, Sendable {
            /// It was sent, is durable and confirmed.
            case loaded
            /// It was there.
            case present
            /// The target cannot hold it.
            case skipped
            /// It was to be sent, and is not known to be there.
            case failed
            /// It would be sent: in a dry run.
            case missing
        }
    }

    init(started: Timestamp) {
        self.started = started
        ended = started
    }

    /// How many bytes were sent.
    public var sent: Int64 { images.reduce(0) { $0 + $1.sent } }

    /// As in receipts.jsonl.
    public var json: JSONValue {
        .object([
            "bundle": bundle?.json,
            "command": .string("load"),
            "ended": .string(ended.description),
            "error": error.map(JSONValue.string),
            "images": .array(images.map(\.json)),
            "loader": .string(LoaderVersion.number),
            "milliseconds": .object([
                "load": .integer(loading.milliseconds), "plan": .integer(planning.milliseconds),
                "sync": .integer(syncing.milliseconds),
            ]),
            "removed": .strings(removed.map(\.description)),
            "result": .integer(Int64(result)),
            "sent": .integer(sent),
            "started": .string(started.description),
            "target": target?.json,
        ])
    }
}

extension Receipt.Target {
    var json: JSONValue { .object(["description": .string(description), "kind": .string(kind)]) }
}

extension Receipt {
    /// An image is durable and confirmed.
    mutating func finished(_ step: LoadStep) {
        let reference = step.image.image.reference
        guard let position = images.firstIndex(where: { $0.reference == reference && $0.id == step.imageID }) else {
            return
        }
        images[position].result = .loaded
        images[position].sent = step.bytesToSend
    }
}

extension Receipt.Image {
    /// As planned: what has to be loaded has failed until it is finished.
    init(_ step: LoadStep, isDryRun: Bool) {
        reference = step.image.image.reference
        id = step.imageID
        result =
            if step.skipReason != nil { .skipped } else if step.isPresent { .present } else {
                isDryRun ? .missing : .failed
            }
        sent = 0
        sentLayers = step.missing.count
        presentLayers = step.presentCount
    }
}

extension Receipt.Bundle {
    var json: JSONValue {
        .object([
            "channel": .string(statement.channel), "product": .string(statement.product),
            "signers": .strings(signers.map(\.hex)), "statement": .string(digest.description),
            "version": .integer(statement.version),
        ])
    }
}

extension Receipt.Image {
    fileprivate var json: JSONValue {
        .object([
            "id": .string(id.description),
            "layers": .object(["present": .integer(Int64(presentLayers)), "sent": .integer(Int64(sentLayers))]),
            "reference": .string(reference), "result": .string(result.rawValue), "sent": .integer(sent),
        ])
    }
}

extension Duration {
    /// Whole milliseconds.
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
