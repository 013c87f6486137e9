import BundleFormat
import Engines
import OCI
import StrictJSON

/// What a prune did: one JSON line for ever, of the same form as that of a load.
///
/// Spec: docs/loading.md section 8.
struct PruneReceipt {
    let started: Timestamp
    let current: [Receipt.Bundle]
    let target: Receipt.Target
    /// What has become of each image; what is to be removed has failed until it is known to be.
    var steps: [PruneStep]
    var failure: LoadError?

    /// As in receipts.jsonl; `isDone` says whether what the steps say has happened.
    func json(isDone: Bool) -> JSONValue {
        .object([
            "command": .string("prune"),
            "current": .array(current.map(\.json)),
            "ended": .string(Timestamp.now.description),
            "error": failure.map { .string($0.message) },
            "images": .array(steps.map { Self.json($0, isDone: isDone) }),
            "loader": .string(LoaderVersion.number),
            "removed": .strings(isDone ? steps.filter { $0.result == .remove }.map(\.image.id.description) : []),
            "result": .integer(Int64(failure?.exitCode ?? 0)),
            "started": .string(started.description),
            "target": target.json,
        ])
    }

    private static func json(_ step: PruneStep, isDone: Bool) -> JSONValue {
        let result =
            switch step.result {
            case .remove: isDone ? "removed" : "failed"
            case .unname: isDone ? "unnamed" : "failed"
            case .keep, .inUse, .absent: step.result.rawValue
            }
        return .object([
            "id": .string(step.image.id.description), "names": .strings(step.names),
            "reference": .string(step.image.reference), "result": .string(result),
        ])
    }
}
