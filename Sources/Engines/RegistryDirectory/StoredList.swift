import Cryptography
import DurableFiles
import OCI

/// Where a repository of a registry's storage lists what points to a digest: under a tag, as the registry has no API for it.
///
/// Spec: docs/loading.md section 5.2.
struct StoredList: Hashable, Sendable {
    /// What the listed documents point to.
    let subject: Digest
    /// The path of the repository.
    let repository: String

    /// The tag.
    var tag: String { ReferrerTag.list(of: subject) }

    /// What makes a document the list, the tag last.
    func links(to document: Digest) -> [StorageLink] {
        [
            .revision(document, in: repository), .history(document, tag: tag, in: repository),
            .tag(tag, in: repository, document),
        ]
    }

    /// The list that is there; nil where there is none.
    ///
    /// - Throws: `EngineError` with code `refused` when the tag is that of something else; `FileError`.
    func index(in storage: RegistryStorage) throws -> ReferrerIndex? {
        guard let digest = try storage.target(of: .tag(tag, in: repository, subject)) else { return nil }
        let path = RegistryStorage.path(of: digest)
        guard let size = try storage.root.size(of: path) else { return nil }
        do throws(OCIError) {
            guard size <= Int64(ImageDocument.maximumSize) else {
                throw OCIError(.invalidDocument, "it has \(size) bytes")
            }
            return try ReferrerIndex(parsing: try bytes(path, digest, in: storage))
        } catch {
            throw refusal(error, in: storage)
        }
    }

    /// The list with more referrers; nil where it lists all of them.
    ///
    /// - Throws: As `index`.
    func adding(_ documents: [TargetImage.Document], in storage: RegistryStorage) throws -> TargetImage.Document? {
        let index = try index(in: storage) ?? ReferrerIndex()
        do throws(OCIError) { return try index.adding(documents) } catch { throw refusal(error, in: storage) }
    }

    private func refusal(_ error: OCIError, in storage: RegistryStorage) -> EngineError {
        EngineError(
            .refused,
            "listing what points to \(subject) in \(repository): the tag \(tag) of \(storage.root.path) cannot be used as the "
                + "list of referrers: \(error.message); remove that tag from the registry", cause: error)
    }

    private func bytes(_ path: String, _ digest: Digest, in storage: RegistryStorage) throws(OCIError) -> [UInt8] {
        let bytes: [UInt8]
        do throws(FileError) { bytes = try storage.root.readFile(path, limit: ImageDocument.maximumSize) } catch {
            throw OCIError(.invalidDocument, error.message)
        }
        guard SHA256Hasher.digest(of: bytes) == digest else {
            throw OCIError(.invalidDocument, "its bytes are not those of \(digest)")
        }
        return bytes
    }
}
