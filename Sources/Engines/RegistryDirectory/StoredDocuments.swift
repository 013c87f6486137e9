import BundleFormat
import Cryptography
import DurableFiles
import OCI
import StrictJSON

/// The manifests and indexes of a registry's storage, each read once.
struct StoredDocuments {
    private let storage: RegistryStorage
    private var known: [Digest: Document?] = [:]

    /// What a document refers to.
    struct Document {
        /// Of an index: the documents that it lists.
        var children: [Digest] = []
        /// Everything else: config and layers, or what an index lists besides.
        var blobs: [Digest] = []
        /// What it points to, as a signature does.
        var subject: Digest?
    }

    init(of storage: RegistryStorage) { self.storage = storage }

    /// A document; nil where there is no such blob.
    ///
    /// - Throws: `FileError`, with code `notRegular` where the blob cannot be read as manifest or index.
    mutating func document(_ digest: Digest) throws(FileError) -> Document? {
        if let found = known[digest] { return found }
        let document = try read(digest)
        known[digest] = .some(document)
        return document
    }

    /// A document and all that it leads to, as far as it is there: documents before their children, and blobs.
    mutating func closure(of root: Digest) throws(FileError) -> (documents: [Digest], blobs: Set<Digest>) {
        var documents: [Digest] = []
        var blobs: Set<Digest> = []
        var seen: Set<Digest> = [root]
        var next = [root]
        while let digest = next.popLast() {
            documents.append(digest)
            guard let document = try document(digest) else { continue }
            blobs.formUnion(document.blobs)
            next += document.children.filter { seen.insert($0).inserted }
        }
        return (documents, blobs)
    }

    private func read(_ digest: Digest) throws(FileError) -> Document? {
        let path = RegistryStorage.path(of: digest)
        guard try storage.root.exists(path) else { return nil }
        let bytes = try storage.root.readFile(path, limit: ImageDocument.maximumSize)
        guard SHA256Hasher.digest(of: bytes) == digest else {
            throw Self.unreadable(digest, "its bytes have another digest")
        }
        do {
            let node = try JSONNode(parsing: bytes, parser: JSONParser(maximumSize: ImageDocument.maximumSize))
            let written = try node.optional("mediaType")?.string()
            let type = try written.map(MediaType.init) ?? (node.optional("manifests") == nil ? .ociManifest : .ociIndex)
            switch try ImageDocument(parsing: bytes, mediaType: type) {
            case .index(let index):
                var document = Document(subject: index.subject)
                for child in index.manifests {
                    if child.mediaType.isIndex || child.mediaType.isManifest {
                        document.children.append(child.digest)
                    } else {
                        document.blobs.append(child.digest)
                    }
                }
                return document
            case .manifest(let manifest):
                return Document(
                    blobs: [manifest.config.digest] + manifest.layers.map(\.digest), subject: manifest.subject)
            }
        } catch {
            throw Self.unreadable(digest, "\(error)")
        }
    }

    private static func unreadable(_ digest: Digest, _ why: String) -> FileError {
        FileError(
            .notRegular,
            "the manifest \(digest) cannot be read: \(why); what it refers to cannot be told, so delete it from the registry first"
        )
    }
}
