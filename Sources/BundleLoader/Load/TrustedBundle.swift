import BundleFormat
import Console
import Cryptography
import OCI

/// A bundle whose statement this host accepts: signed, of the right product, not too old, still valid.
///
/// Spec: docs/loading.md section 4.
struct TrustedBundle {
    let statement: Statement
    /// The digest of the statement.
    let digest: Digest
    private let signers: [Digest]
    private let decision: FloorDecision
    private let floor: RollbackFloor?
    private let clock: ClockRule
    private let policy: LoadPolicy

    /// Verifies statement and signatures, then asks policy, floor and clock.
    ///
    /// Without floors nothing is installed here, and every version is as good.
    ///
    /// - Throws: `LoadError` with code `notTrusted`, or `damaged`.
    init(
        _ files: BundleFiles, trust: TrustStore, floors: FloorStore?, listener: WorkListener
    ) throws(LoadError) {
        do throws(BundleError) { (statement, signers, _) = try files.statement(trust: trust.keys) } catch {
            throw LoadError(error)
        }
        digest = SHA256Hasher.digest(of: statement.bytes())
        policy = trust.policy
        try policy.check(statement)
        (decision, floor) = try floors?.check(statement, digest: digest, policy: policy) ?? (.first, nil)
        clock = ClockRule(statement, lastLoad: floor?.time, now: .now)
        if let warning = try clock.check(policy.expiry) { listener.note("warning: \(warning)") }
        listener.note(
            "bundle: \(statement.product) \(statement.channel) \(statement.version), signed by "
                + signers.map { String($0.hex.prefix(12)) }.joined(separator: ", "))
    }

    /// As the journal calls it.
    var owner: String { statement.owner }

    /// Whether it is what was loaded last, as a whole.
    var isLoaded: Bool { decision == .same }

    /// As in receipts.
    var receipt: Receipt.Bundle { Receipt.Bundle(statement: statement, digest: digest, signers: signers) }

    /// Makes older bundles unacceptable; only after this one is durable as a whole.
    func raiseFloor(_ floors: FloorStore) throws(LoadError) {
        let raised = decision.floor(
            after: statement, digest: digest, replacing: floor, epoch: policy.epoch, time: clock.believed)
        // The time alone is no reason to write at each boot.
        guard decision != .same || raised.floor != floor?.floor else { return }
        try floors.write(raised, product: statement.product, channel: statement.channel)
    }
}

extension Statement {
    /// Product and channel, as the journal writes them: neither has a slash.
    var owner: String { product + "/" + channel }
}
