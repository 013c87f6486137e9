import Cryptography
public import OCI

/// The names of a bundle's files and the limits on what is read from them.
///
/// Spec: docs/format.md sections 2 to 7.
public enum BundleLayout {
    /// The number of this format.
    public static let version: Int64 = 1
    /// The signed text.
    public static let statement = "STATEMENT"
    /// What the bundle holds.
    public static let manifest = "manifest.json"
    /// The digest of every other file.
    public static let checksums = "SHA256SUMS"
    /// The folder of signatures.
    public static let signatures = "sig"
    /// The folder of documents, index and packs.
    public static let blobs = "blobs/sha256"
    /// How to verify and load.
    public static let readme = "README.txt"
    /// The folders of a bundle.
    public static let folders: Set<String> = [signatures, "blobs", blobs]

    /// Where the object of a digest lies.
    public static func blobPath(_ digest: Digest) -> String { blobs + "/" + digest.hex }

    /// Whether a file of this path is a signature, by any key: `sig/<key id>.<algorithm>`.
    public static func isSignature(_ path: String) -> Bool {
        let prefix = signatures + "/"
        guard path.hasPrefix(prefix) else { return false }
        let name = path.dropFirst(prefix.count)
        guard let dot = name.firstIndex(of: "."), Digest(hex: name[..<dot]) != nil else { return false }
        return SignatureAlgorithm.allCases.contains { $0.fileExtension == name[name.index(after: dot)...] }
    }

    /// The largest STATEMENT, in bytes.
    public static let maximumStatementSize = 1024
    /// The largest signature, in bytes.
    public static let maximumSignatureSize = 16 << 10
    /// The largest manifest.json or SHA256SUMS, in bytes.
    public static let maximumManifestSize = 64 << 20
    /// The largest index, in bytes.
    public static let maximumIndexSize = 512 << 20
    /// The most content that a frame holds, in bytes; also the largest window.
    public static let maximumFrameSize = 8 << 20
    /// How much larger than its content a frame may be, in bytes.
    public static let maximumFrameOverhead = 64 << 10
    /// The largest pack, in bytes.
    public static let maximumPackSize: Int64 = 2 << 30
    /// The size at which a writer starts the next pack, in bytes.
    public static let defaultPackSize: Int64 = 256 << 20
    /// The most files that a bundle is looked through for.
    public static let maximumFileCount = 1 << 20
}

/// A digest together with the size of what it is of.
public struct FileSum: Hashable, Sendable {
    /// The SHA-256 of the bytes.
    public let digest: Digest
    /// How many bytes there are.
    public let size: Int64

    /// A pair of the two.
    public init(digest: Digest, size: Int64) {
        self.digest = digest
        self.size = size
    }
}
