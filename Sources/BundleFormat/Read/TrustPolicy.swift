public import Cryptography
import DurableFiles
import OCI

/// Whose signatures count, and how many are needed.
///
/// Spec: docs/format.md section 3.2.
public struct TrustPolicy: Sendable {
    /// The trusted keys, distinct by key id.
    public let keys: [PublicKey]
    /// How many of them must have signed; at least 1.
    public let threshold: Int

    /// The most keys that are tried.
    public static let maximumKeyCount = 16

    /// A policy of its parts; a key that is given twice counts once.
    ///
    /// - Throws: `BundleError` with code `notTrusted` when no signature could ever satisfy it.
    public init(keys: [PublicKey], threshold: Int = 1) throws(BundleError) {
        var distinct: [Digest: PublicKey] = [:]
        for key in keys { distinct[key.id] = key }
        guard !distinct.isEmpty else {
            throw BundleError(.notTrusted, "there is no trusted key; name a public key or a directory of *.pub files")
        }
        guard distinct.count <= Self.maximumKeyCount else {
            throw BundleError(.notTrusted, "\(distinct.count) trusted keys are more than \(Self.maximumKeyCount)")
        }
        guard 1...distinct.count ~= threshold else {
            throw BundleError(
                .notTrusted,
                "a threshold of \(threshold) cannot be met (distinct trusted keys: \(distinct.count)); trust more keys")
        }
        self.keys = distinct.values.sorted { $0.id < $1.id }
        self.threshold = threshold
    }

    /// Loads keys from PEM files, and from directories of `*.pub` files.
    ///
    /// - Throws: `BundleError` with code `notTrusted` when a file is no key, or there are none.
    public static func load(paths: [String], threshold: Int = 1) throws(BundleError) -> TrustPolicy {
        var keys: [PublicKey] = []
        for path in paths {
            if let directory = try? Directory(opening: path) {
                for name in try names(in: directory) { keys.append(try key(name, in: directory)) }
            } else {
                let (folder, name) = split(path)
                guard let directory = try? Directory(opening: folder) else {
                    throw BundleError(.notTrusted, "reading the trusted key \(path): there is no directory \(folder)")
                }
                keys.append(try key(name, in: directory))
            }
        }
        return try TrustPolicy(keys: keys, threshold: threshold)
    }

    private static func names(in directory: Directory) throws(BundleError) -> [String] {
        let found: [DirectoryEntry]
        do throws(FileError) {
            found = try directory.entries(limit: 1024).filter { !$0.path.contains("/") && $0.path.hasSuffix(".pub") }
        } catch {
            throw BundleError(.notTrusted, "reading trusted keys: \(error.message)", cause: error)
        }
        // To leave it out would change how many keys there are, to follow it would let another directory decide.
        if let odd = found.first(where: { $0.kind != .file }) {
            throw BundleError(
                .notTrusted,
                "reading trusted keys: \(directory.path)/\(odd.path) is \(odd.kind == .symlink ? "a link" : "no plain file");"
                    + " put the key itself there, or remove it")
        }
        return found.map(\.path)
    }

    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
    }

    private static func key(_ name: String, in directory: Directory) throws(BundleError) -> PublicKey {
        do {
            return try PublicKey(pem: try directory.readFile(name, limit: 64 << 10))
        } catch {
            throw BundleError(
                .notTrusted,
                "reading the trusted key \(directory.path)/\(name): \(error); it must be a public key in PEM",
                cause: error)
        }
    }
}
