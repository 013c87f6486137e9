public import BundleFormat
import Cryptography
import DurableFiles
public import OCI

/// What a host trusts: the keys and the policy of its trust directory.
///
/// Spec: docs/loading.md sections 4.1 and 4.2.
public struct TrustStore: Sendable {
    /// The keys that count, and how many must have signed.
    public let keys: TrustPolicy
    /// Which bundles are accepted.
    public let policy: LoadPolicy
    /// Keys that lie in the directory and that the policy revokes; sorted.
    public let revokedKeys: [Digest]

    /// Keys that somebody named, without a policy.
    public init(keys: TrustPolicy) {
        self.keys = keys
        policy = LoadPolicy()
        revokedKeys = []
    }

    /// Reads a trust directory.
    ///
    /// - Parameters:
    ///   - path: The directory.
    ///   - least: How many keys must have signed even where the policy asks for fewer.
    /// - Throws: `LoadError` with code `notTrusted` when no bundle could ever be trusted, or when others may write there;
    ///   `configuration` for a mistake in the policy.
    public init(directory path: String, threshold least: Int = 1) throws(LoadError) {
        policy = try Self.policy(path)
        do throws(BundleError) {
            let found = try TrustPolicy.load(paths: [path])
            let policy = policy
            revokedKeys = found.keys.map(\.id).filter(policy.revoked.contains).sorted()
            keys = try TrustPolicy(
                keys: found.keys.filter { !policy.revoked.contains($0.id) }, threshold: max(policy.threshold, least))
        } catch {
            throw LoadError(
                .notTrusted,
                "reading the trusted keys of \(path): \(error.message); revoked keys do not count", cause: error)
        }
    }

    private static func policy(_ path: String) throws(LoadError) -> LoadPolicy {
        let bytes: [UInt8]?
        let fault: String?
        do throws(FileError) {
            let directory = try Directory(opening: path)
            fault = try directory.faultOfAccess
            bytes =
                try directory.exists(LoadPolicy.fileName)
                ? try directory.readFile(LoadPolicy.fileName, limit: LineFile.maximumSize) : nil
        } catch {
            throw LoadError(
                .notTrusted, "reading the trusted keys: \(error.message); put public keys (*.pub) into TRUST_DIR",
                cause: error)
        }
        if let fault { throw LoadError(.notTrusted, "reading the trusted keys of \(path): \(fault)") }
        guard let bytes else { return LoadPolicy() }
        return try LoadPolicy(parsing: bytes, path: path + "/" + LoadPolicy.fileName)
    }
}
