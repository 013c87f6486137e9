import BundleFormat
import BundleLoader
import Cryptography
import DurableFiles
import OCI

/// The files that a bundle consists of, each with what its bytes must be, whoever copies them.
///
/// Spec: docs/format.md sections 2 to 4. What else lies in its directory is not among them.
struct SignedFiles {
    /// A file of the bundle.
    struct File {
        /// Where it lies in the bundle.
        let path: String
        /// What its bytes are.
        let sum: FileSum
    }

    /// STATEMENT, by which the others are a bundle.
    let statement: File
    /// All others: the small ones first, by name, then the blobs, by name.
    let others: [File]

    /// All of them, STATEMENT first.
    var all: [File] { [statement] + others }
    /// What they take.
    var size: Int64 { all.reduce(0) { $0 + $1.sum.size } }

    /// Reads the sums and signatures of a bundle that was opened.
    ///
    /// - Throws: `BundleError`, `FileError`.
    init(path: String, statement: Statement) throws {
        let files = try BundleFiles(path: path)
        let bytes = statement.bytes()
        self.statement = File(
            path: BundleLayout.statement, sum: FileSum(digest: SHA256Hasher.digest(of: bytes), size: Int64(bytes.count))
        )
        var small = [File(path: BundleLayout.checksums, sum: statement.checksums)]
        for entry in try files.folder.folder(BundleLayout.signatures).entries(limit: BundleLayout.maximumFileCount) {
            let path = BundleLayout.signatures + "/" + entry.path
            guard BundleLayout.isSignature(path) else { continue }
            // Nobody signs signatures: what was read is what counts.
            let bytes = try files.folder.readFile(path, limit: BundleLayout.maximumSignatureSize)
            small.append(
                File(path: path, sum: FileSum(digest: SHA256Hasher.digest(of: bytes), size: Int64(bytes.count))))
        }
        var blobs: [File] = []
        for (path, digest) in try files.checksums(statement).digests {
            guard let size = try files.folder.size(of: path) else {
                throw BundleError(.damaged, "reading the bundle: \(path) is missing; copy the bundle again")
            }
            let file = File(path: path, sum: FileSum(digest: digest, size: size))
            if path.hasPrefix(BundleLayout.blobs) { blobs.append(file) } else { small.append(file) }
        }
        others = small.sorted { $0.path < $1.path } + blobs.sorted { $0.path < $1.path }
    }
}
