import BundleFormat
import Deflate
import DurableFiles
import Gzip
import OCI
import StrictJSON

/// What decompressing a layer's blob once has shown, and compressing it again.
struct LayerFacts: Sendable {
    /// How the blob holds its tar, by its first bytes: media types are wrong too often.
    let compression: LayerCompression
    /// The digest of the tar.
    let diffID: DiffID
    /// The size of the tar, in bytes.
    let size: Int64
    /// What makes the blob from its tar.
    var gzip = Recognition.notTried

    /// Whether an encoder was looked for, and which was found.
    enum Recognition: Sendable, Equatable {
        /// Nobody looked, or another version did, which knew other encoders.
        case notTried
        /// No known encoder makes the blob.
        case unknown
        /// This one does: it has made the whole blob.
        case proved(GzipEncoding)
        /// None does, but with these corrections, which are in the cache, the blob was made.
        case corrected(FileSum)
    }

    /// Whether it is worth while to look for what made the blob.
    var wantsEncoder: Bool { compression == .gzip && gzip == .notTried }

    /// Changes whenever the encoders do: then every blob is looked at again.
    private static let encoders = "3, zlib \(DeflateEncoding.zlibVersion)"

    /// Reads a whole blob.
    ///
    /// - Throws: `GzipError` or `ZstandardError` when it cannot be decompressed, or `FileError`.
    init(_ blob: ReadableFile) throws {
        compression = LayerCompression(start: try blob.read(at: 0, count: Int(min(4, blob.size))))
        let digester = try TarDigester(compression)
        blob.expectSequentialReading()
        try unsafe blob.forEachChunk { chunk in try unsafe digester.update(chunk) }
        diffID = try digester.finish()
        size = digester.size
    }

    /// From the cache's file; nil when it is no such file.
    init?(parsing bytes: [UInt8]) {
        do {
            let node = try JSONNode(parsing: bytes)
            guard let compression = LayerCompression(name: try node.member("compression").string()) else { return nil }
            self.compression = compression
            diffID = DiffID(try Digest(parsing: try node.member("diffID").string()))
            size = try node.member("size").integer(in: 0...Descriptor.maximumSize)
            guard try node.optional("encoders")?.string() == Self.encoders else { return }
            if let corrections = try node.optional("corrections") {
                gzip = .corrected(
                    FileSum(
                        digest: try Digest(parsing: try corrections.member("digest").string()),
                        size: try corrections.member("size").integer(in: 0...Descriptor.maximumSize)))
            } else {
                gzip = try node.optional("gzip").map { .proved(try GzipEncoding(json: $0)) } ?? .unknown
            }
        } catch {
            return nil
        }
    }

    /// For the cache.
    func bytes() -> [UInt8] {
        var encoding: GzipEncoding?
        if case .proved(let proved) = gzip { encoding = proved }
        var corrections: JSONValue?
        if case .corrected(let sum) = gzip {
            corrections = .object(["digest": .string(sum.digest.description), "size": .integer(sum.size)])
        }
        return JSONWriter.canonical(
            .object([
                "compression": .string(compression.name), "corrections": corrections,
                "diffID": .string(diffID.description),
                "encoders": gzip == .notTried ? nil : .string(Self.encoders), "gzip": encoding?.json,
                "size": .integer(size),
            ]))
    }
}

extension LayerCompression {
    /// By the first four bytes of a blob.
    init(start: [UInt8]) {
        if start.starts(with: [0x1F, 0x8B]) {
            self = .gzip
        } else if start == [0x28, 0xB5, 0x2F, 0xFD]
            || (start.count == 4 && start[0] & 0xF0 == 0x50 && start[1...] == [0x2A, 0x4D, 0x18])
        {
            self = .zstd
        } else {
            self = .uncompressed
        }
    }
}
