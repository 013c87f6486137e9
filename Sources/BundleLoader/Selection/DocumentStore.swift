import BundleFormat
import Cryptography
import DurableFiles
import Engines
import OCI

/// The documents of a bundle: copies in the state directory where they are right, else the bundle's own.
///
/// The copies spare the medium: with everything present nothing but its statement and manifest is read.
/// They are a cache that a crash may tear; every one is compared with its digest.
struct DocumentStore {
    static let folder = "documents"
    private let files: BundleFiles
    private let descriptors: [Digest: Descriptor]
    private let copies: Directory?

    /// - Parameters:
    ///   - files: The bundle.
    ///   - manifest: Its manifest.
    ///   - state: The state directory; nil to keep no copies.
    /// - Throws: `LoadError`.
    init(files: BundleFiles, manifest: BundleManifest, state: Directory?) throws(LoadError) {
        self.files = files
        descriptors = Dictionary(manifest.documents.map { ($0.digest, $0) }, uniquingKeysWith: { first, _ in first })
        do throws(FileError) { copies = try state?.makeSubdirectory(Self.folder, mode: 0o700) } catch {
            throw LoadError(error)
        }
    }

    /// A document by its digest.
    ///
    /// - Throws: `LoadError` with code `damaged`.
    func document(_ digest: Digest) throws(LoadError) -> TargetImage.Document {
        guard let descriptor = descriptors[digest] else {
            throw LoadError(.damaged, "reading the bundle's images: document \(digest) is not in it; build it again")
        }
        if let bytes = try? copies?.readFile(digest.hex, limit: Int(descriptor.size)),
            SHA256Hasher.digest(of: bytes) == digest
        {
            return TargetImage.Document(descriptor: descriptor, bytes: bytes)
        }
        do throws(BundleError) {
            let bytes = try files.document(descriptor)
            try keep(bytes, digest)
            return TargetImage.Document(descriptor: descriptor, bytes: bytes)
        } catch {
            throw LoadError(error)
        }
    }

    /// Removes the copies that are not of this bundle.
    func removeOthers() throws(LoadError) {
        guard let copies else { return }
        do throws(FileError) {
            for entry in try copies.entries() where Digest(hex: entry.path).map({ descriptors[$0] == nil }) ?? true {
                try copies.removeTree(entry.path)
            }
        } catch {
            throw LoadError(error)
        }
    }

    private func keep(_ bytes: [UInt8], _ digest: Digest) throws(BundleError) {
        guard let copies else { return }
        do throws(FileError) {
            var file = try copies.makeTemporaryFile()
            try file.append(bytes)
            try file.commit(as: digest.hex, mode: 0o600, isDurable: false)
        } catch {
            throw BundleError(error)
        }
    }
}
