public import BundleFormat
public import OCI

/// What the rollback floor says to a statement.
///
/// Spec: docs/loading.md section 4.3.
public enum FloorDecision: Sendable, Hashable {
    /// Nothing of this product and channel was loaded here.
    case first
    /// The policy's epoch is above the state's: what was loaded before counts no more.
    case newEpoch
    /// The bundle that was loaded last.
    case same
    /// Not below the floor.
    case accepted
    /// Below the floor, and the policy allows it.
    case downgrade
    /// Below the floor.
    case rollback
    /// The number of the version that was loaded last, on another statement.
    case equivocation
    /// The policy's epoch is below the state's: the policy itself is an old one.
    case oldEpoch

    /// Decides; reads nothing and changes nothing.
    public init(
        version: Int64, statement: Digest, floor: RollbackFloor?, epoch: Int64, allowDowngradeTo: Int64?
    ) {
        guard let floor else {
            self = .first
            return
        }
        if epoch != floor.epoch {
            self = epoch > floor.epoch ? .newEpoch : .oldEpoch
        } else if version == floor.installed {
            // Before the floor is asked: a bundle whose own min-version is above it is not refused at the next boot.
            self = statement == floor.statement ? .same : .equivocation
        } else if version >= floor.floor {
            self = .accepted
        } else {
            self = allowDowngradeTo.map { version >= $0 } == true ? .downgrade : .rollback
        }
    }

    /// Whether the bundle may be loaded.
    public var isAccepted: Bool {
        switch self {
        case .first, .newEpoch, .same, .accepted, .downgrade: true
        case .rollback, .equivocation, .oldEpoch: false
        }
    }

    /// The floor after the whole bundle was loaded and is durable; `floor` is the one that was decided by.
    public func floor(
        after statement: Statement, digest: Digest, replacing floor: RollbackFloor?, epoch: Int64, time: Timestamp
    ) -> RollbackFloor {
        let own = max(statement.version, statement.minimumVersion ?? 0)
        let kept =
            switch self {
            case .same, .accepted: floor?.floor ?? 0
            default: 0 as Int64
            }
        return RollbackFloor(
            epoch: epoch, floor: max(own, kept), installed: statement.version, statement: digest, time: time)
    }
}
