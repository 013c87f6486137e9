public import Cryptography
public import DurableFiles
public import OCI

/// Writes a bundle into a directory that nobody takes for one until it is whole.
///
/// Spec: docs/format.md section 9.
///
/// Everything is durable under its final name before STATEMENT is written. A writer that is killed leaves no STATEMENT.
public struct BundleWriter: ~Copyable {
    private let directory: Directory
    private let blobs: Directory
    private let packLimit: Int64
    private var pack: OpenPack?
    private var packSize: Int64 = 0
    private var packs: [BundlePack] = []
    private var frames: [FrameIndex.Frame] = []
    private var documents: [Digest: Descriptor] = [:]

    private struct OpenPack: ~Copyable {
        var file: TemporaryFile
        var hasher: SHA256Hasher
    }

    /// Starts in an existing directory; what an earlier writer left there is removed.
    ///
    /// - Throws: `BundleError` with code `files` or `noSpace`.
    public init(directory: Directory, packLimit: Int64 = BundleLayout.defaultPackSize) throws(BundleError) {
        precondition(1...BundleLayout.maximumPackSize ~= packLimit, "a pack has 1 byte to 2 GiB")
        self.packLimit = packLimit
        self.directory = directory
        do throws(FileError) {
            // STATEMENT first, then all the rest: an extra file would make the new bundle a damaged one.
            try directory.removeTree(BundleLayout.statement)
            try directory.removeContents()
            blobs = try directory.makeSubdirectory("blobs").makeSubdirectory("sha256")
        } catch {
            throw BundleError(error)
        }
    }

    /// Adds a frame to the current pack, or to a new one when that would grow over its limit.
    ///
    /// - Parameters:
    ///   - compressed: One zstd frame with its content size.
    ///   - digest: The digest of these bytes.
    ///   - size: How much the frame holds, in bytes.
    ///   - filter: What its content went through.
    /// - Throws: `BundleError` with code `files` or `noSpace`.
    public mutating func add(
        frame compressed: [UInt8], digest: Digest, size: Int, filter: FrameFilter
    ) throws(BundleError) {
        if packSize > 0, packSize + Int64(compressed.count) > packLimit { try closePack() }
        do throws(FileError) {
            if pack == nil { pack = OpenPack(file: try blobs.makeTemporaryFile(), hasher: SHA256Hasher()) }
            guard var open = pack.take() else { preconditionFailure("a pack is open") }
            frames.append(
                FrameIndex.Frame(
                    pack: packs.count, offset: packSize, compressedSize: compressed.count, size: size,
                    filter: filter, digest: digest))
            open.hasher.update(compressed)
            try open.file.append(compressed)
            packSize = open.file.written
            pack = consume open
        } catch {
            throw BundleError(error)
        }
    }

    /// Adds a document; the same one twice is fine.
    ///
    /// - Parameters:
    ///   - bytes: The document, already compared with the descriptor.
    ///   - descriptor: Its media type, digest and size.
    /// - Throws: `BundleError` with code `files` or `noSpace`.
    public mutating func add(document bytes: [UInt8], _ descriptor: Descriptor) throws(BundleError) {
        if let known = documents[descriptor.digest] {
            // Two referrers may name one document differently; the bundle takes the first in order of spelling.
            if known.mediaType.rawValue <= descriptor.mediaType.rawValue { return }
        }
        documents[descriptor.digest] = Descriptor(
            mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size)
        try write(bytes, descriptor.digest)
    }

    /// What a bundle says of itself beside its frames and documents.
    public struct Contents: Sendable {
        /// What the bundle is of.
        public var product: String
        /// As `stable`.
        public var channel: String
        /// The number that rollback protection compares.
        public var version: Int64
        /// SOURCE_DATE_EPOCH or the time of the newest image.
        public var created: Timestamp
        /// The images in loading order.
        public var images: [BundleImage]
        /// The layers.
        public var layers: [BundleLayer]
        /// The streams with their recipes.
        public var streams: [FrameIndex.Stream]

        /// Contents of their parts.
        public init(
            product: String, channel: String, version: Int64, created: Timestamp, images: [BundleImage],
            layers: [BundleLayer], streams: [FrameIndex.Stream]
        ) {
            self.product = product
            self.channel = channel
            self.version = version
            self.created = created
            self.images = images
            self.layers = layers
            self.streams = streams
        }
    }

    /// Writes index, manifest, sums and signatures, and STATEMENT last.
    ///
    /// - Returns: The statement; the directory is then a bundle, whole and durable.
    /// - Throws: `BundleError` with code `files`, `noSpace`, or `invalid` when nothing signs.
    public consuming func finish(_ contents: Contents, keys: [PrivateKey]) throws(BundleError) -> Statement {
        guard !keys.isEmpty else { throw BundleError(.invalid, "a bundle needs at least one signing key") }
        for label in contents.images.flatMap({ [$0.reference] + $0.groups }) where !label.isLabel {
            throw BundleError(
                .invalid,
                "writing manifest.json: the image or group '\(label)' has an invisible character or more than 4096 bytes; rename it"
            )
        }
        try closePack()
        let index = FrameIndex(frames: frames, streams: contents.streams).bytes()
        let indexDigest = SHA256Hasher.digest(of: index)
        try write(index, indexDigest)
        let manifest = BundleManifest(
            product: contents.product, channel: contents.channel, version: contents.version, created: contents.created,
            documents: Array(documents.values), images: contents.images,
            index: FileSum(digest: indexDigest, size: Int64(index.count)), layers: contents.layers, packs: packs
        ).bytes()
        let readme = Array(AuditText.readme.utf8)
        var digests = [
            BundleLayout.manifest: SHA256Hasher.digest(of: manifest),
            BundleLayout.readme: SHA256Hasher.digest(of: readme),
        ]
        for digest in documents.keys + packs.map(\.digest) + [indexDigest] {
            digests[BundleLayout.blobPath(digest)] = digest
        }
        let checksums = ChecksumList(digests: digests).bytes()
        let statement = Statement(
            product: contents.product, channel: contents.channel, version: contents.version, created: contents.created,
            manifest: FileSum(digest: SHA256Hasher.digest(of: manifest), size: Int64(manifest.count)),
            checksums: FileSum(digest: SHA256Hasher.digest(of: checksums), size: Int64(checksums.count)))
        let bytes = statement.bytes()
        guard (try? Statement(parsing: bytes)) == statement else {
            throw BundleError(
                .invalid,
                "writing STATEMENT: product '\(contents.product)', channel '\(contents.channel)' and version "
                    + "\(contents.version) are not as docs/format.md section 3 demands")
        }
        do throws(FileError) {
            try directory.writeFile(BundleLayout.readme, readme)
            try directory.writeFile(BundleLayout.manifest, manifest)
            try directory.writeFile(BundleLayout.checksums, checksums)
            _ = try directory.makeSubdirectory(BundleLayout.signatures)
        } catch {
            throw BundleError(error)
        }
        for key in keys { try SignatureFile.write(for: bytes, key: key, in: directory) }
        do throws(FileError) { try directory.writeFile(BundleLayout.statement, bytes) } catch {
            throw BundleError(error)
        }
        return statement
    }

    private func write(_ bytes: [UInt8], _ digest: Digest) throws(BundleError) {
        do throws(FileError) { try blobs.writeFile(digest.hex, bytes) } catch { throw BundleError(error) }
    }

    private mutating func closePack() throws(BundleError) {
        guard let open = pack.take() else { return }
        let size = packSize
        packSize = 0
        let digest = open.hasher.finish()
        do throws(FileError) { try open.file.commit(as: digest.hex) } catch { throw BundleError(error) }
        packs.append(BundlePack(digest: digest, size: size))
    }
}
