import Cryptography
import Discs
public import DurableFiles
public import OCI

/// Reads the small files of a bundle in the order of docs/format.md section 10, each checked before the next is believed.
public struct BundleFiles: Sendable {
    /// The bundle's files.
    public let folder: any ReadableFolder

    /// Opens a bundle: a directory, the image of a disc with the bundle at its root, or a folder of one, as `site.iso/bundle`.
    ///
    /// - Throws: `BundleError` with code `notFound`, or `damaged` when it is neither, or the image is damaged.
    public init(path: String) throws(BundleError) {
        do throws(FileError) { folder = try Directory(opening: path) } catch {
            if error.code == .notRegular, let image = try Self.openImage(path) {
                folder = image
                return
            }
            let advice =
                switch error.code {
                case .notFound: "check the path, and whether its medium is mounted"
                case .notRegular: "a bundle is a directory or the image of a disc: name what holds STATEMENT"
                default: "check its permissions"
                }
            throw BundleError(BundleError(error).code, "opening the bundle: \(error.message); \(advice)", cause: error)
        }
    }

    /// The folder of an image that a path means which is no directory; nil where it leads to no image.
    private static func openImage(_ path: String) throws(BundleError) -> DiscFolder? {
        do {
            guard let (image, name) = try ReadableFile.open(through: path) else { return nil }
            let folder = try DiscFolder(image, folder: name)
            if try folder.size(of: BundleLayout.statement) == nil {
                let suffix = "/" + BundleLayout.statement
                let paths = try folder.entries(limit: .max).map(\.path)
                if let other = paths.first(where: { $0.hasSuffix(suffix) })?.dropLast(suffix.count) {
                    throw BundleError(
                        .notFound,
                        "opening the bundle: '\(folder.path)' is none, but has one within; name '\(folder.path)/\(other)'"
                    )
                }
            }
            return folder
        } catch let error as BundleError {
            throw error
        } catch let error as DiscError {
            if error.code == .unsupported { return nil }
            let code: BundleError.Code = error.code == .notFound ? .notFound : .damaged
            throw BundleError(code, "opening the bundle: \(error.message)", cause: error)
        } catch {
            let code = (error as? FileError).map { BundleError($0).code } ?? .files
            throw BundleError(code, "opening the bundle: \(error)", cause: error)
        }
    }

    /// STATEMENT as it lies there, believed by nobody yet.
    ///
    /// - Throws: `BundleError` with code `damaged` when it is absent or too large.
    public func statementBytes() throws(BundleError) -> [UInt8] {
        do throws(FileError) {
            return try folder.readFile(BundleLayout.statement, limit: BundleLayout.maximumStatementSize)
        } catch {
            throw BundleError(
                .damaged, "\(error.message); \(folder.path) is no bundle, or its building or copying was cut off",
                cause: error)
        }
    }

    /// Which trusted keys signed these bytes, and what is wrong with signatures in their names.
    public func signers(of statement: [UInt8], trust: TrustPolicy) -> (valid: [Digest], faults: [Fault]) {
        var valid: [Digest] = []
        var faults: [Fault] = []
        for key in trust.keys {
            let path = BundleLayout.signatures + "/" + key.signatureFileName
            do throws(FileError) {
                let signature = try folder.readFile(path, limit: BundleLayout.maximumSignatureSize)
                if key.isValid(signature: signature, of: statement) {
                    valid.append(key.id)
                } else {
                    faults.append(Fault(.signature, path: path, "is not key \(key.id.hex)'s signature of STATEMENT"))
                }
            } catch {
                if error.code != .notFound { faults.append(Fault(.signature, path: path, error.message)) }
            }
        }
        return (valid, faults)
    }

    /// STATEMENT, believed because enough trusted keys signed it.
    ///
    /// - Throws: `BundleError` with code `notTrusted`, `damaged` or `unsupported`.
    public func statement(
        trust: TrustPolicy
    ) throws(BundleError) -> (statement: Statement, signers: [Digest], faults: [Fault]) {
        let bytes = try statementBytes()
        let (valid, faults) = signers(of: bytes, trust: trust)
        guard valid.count >= trust.threshold else {
            let details = faults.map { " (\($0.path ?? "") \($0.message))" }.joined()
            throw BundleError(
                .notTrusted,
                "verifying \(folder.path): \(valid.count) of \(trust.threshold) needed signatures are valid"
                    + " (trusted keys: \(trust.keys.count))\(details); "
                    + "do not use the bundle unless you can say which key signed it and trust that key")
        }
        return (try Statement(parsing: bytes), valid, faults)
    }

    /// manifest.json, as the statement names it.
    ///
    /// - Throws: `BundleError` with code `damaged` or `unsupported`.
    public func manifest(_ statement: Statement) throws(BundleError) -> BundleManifest {
        let manifest = try BundleManifest(
            parsing: try verified(BundleLayout.manifest, statement.manifest, limit: BundleLayout.maximumManifestSize))
        guard manifest.product == statement.product, manifest.channel == statement.channel,
            manifest.version == statement.version, manifest.created == statement.created
        else { throw BundleError(.damaged, "manifest.json and STATEMENT name different products, versions or times") }
        return manifest
    }

    /// SHA256SUMS, as the statement names it.
    ///
    /// - Throws: `BundleError` with code `damaged`.
    public func checksums(_ statement: Statement) throws(BundleError) -> ChecksumList {
        try ChecksumList(
            parsing: try verified(BundleLayout.checksums, statement.checksums, limit: BundleLayout.maximumManifestSize))
    }

    /// The index, as the manifest names it.
    ///
    /// - Throws: `BundleError` with code `damaged` or `unsupported`.
    public func index(_ manifest: BundleManifest) throws(BundleError) -> FrameIndex {
        let path = BundleLayout.blobPath(manifest.index.digest)
        let bytes = try verified(path, manifest.index, limit: BundleLayout.maximumIndexSize)
        return try FrameIndex(parsing: bytes, packs: manifest.packs)
    }

    /// A document, as the manifest names it.
    ///
    /// - Throws: `BundleError` with code `damaged`.
    public func document(_ document: Descriptor) throws(BundleError) -> [UInt8] {
        try verified(
            BundleLayout.blobPath(document.digest), FileSum(digest: document.digest, size: document.size),
            limit: ImageDocument.maximumSize)
    }

    /// The bytes of a file whose size and digest are known.
    ///
    /// - Throws: `BundleError` with code `damaged`, also when the file is absent or no regular file.
    public func verified(_ path: String, _ sum: FileSum, limit: Int) throws(BundleError) -> [UInt8] {
        let bytes: [UInt8]
        do throws(FileError) {
            guard sum.size <= limit else {
                throw FileError(.overLimit, "reading \(path): \(sum.size) bytes are over the limit of \(limit)")
            }
            bytes = try folder.readFile(path, limit: Int(sum.size))
        } catch {
            throw BundleError(.damaged, error.message, cause: error)
        }
        guard bytes.count == sum.size, SHA256Hasher.digest(of: bytes) == sum.digest else {
            throw BundleError(
                .damaged,
                "reading \(path): its \(bytes.count) bytes are not the \(sum.size) of \(sum.digest); fetch it again")
        }
        return bytes
    }
}
