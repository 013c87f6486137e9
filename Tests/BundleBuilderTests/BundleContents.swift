import BundleFormat
import Cryptography
import Foundation
import Gzip
import OCI
import TestSupport
import Testing

/// A bundle as a loader sees it: documents as they are, blobs made anew from frames.
struct BundleContents {
    let manifest: BundleManifest
    let statement: Statement
    private let files: BundleFiles
    private let index: FrameIndex
    private let reader: FrameReader

    init(path: String, trust: TrustPolicy) throws {
        files = try BundleFiles(path: path)
        statement = try files.statement(trust: trust).statement
        manifest = try files.manifest(statement)
        index = try files.index(manifest)
        reader = FrameReader(files: files, manifest: manifest, index: index)
    }

    /// The bytes of the frames' contents: what deduplication left.
    var contentSize: Int64 { index.frames.reduce(0) { $0 + Int64($1.size) } }

    /// The bytes of all streams.
    var streamSize: Int64 { index.streams.reduce(0) { $0 + $1.size } }

    /// The encoders that make gzip blobs again.
    var encoders: Set<String> {
        Set(
            manifest.layers.compactMap { layer in
                guard case .gzip(let gzip) = layer.encoding else { return nil }
                return "\(gzip)"
            })
    }

    /// The names of the layers' encodings.
    var encodingNames: Set<String> { Set(manifest.layers.map(\.encoding.name)) }

    func document(_ digest: Digest) throws -> [UInt8] {
        let descriptor = try #require(manifest.documents.first { $0.digest == digest }, "document \(digest)")
        return try files.document(descriptor)
    }

    /// An image manifest of the bundle.
    func imageManifest(_ digest: Digest) throws -> ImageManifest {
        let descriptor = try #require(manifest.documents.first { $0.digest == digest }, "manifest \(digest)")
        guard
            case .manifest(let found) = try ImageDocument(
                parsing: try document(digest), mediaType: descriptor.mediaType)
        else { throw BundleError(.damaged, "\(digest) is no manifest") }
        return found
    }

    /// A layer's blob, made from its stream.
    func blob(_ digest: Digest) throws -> [UInt8] {
        let layer = try #require(manifest.layer(digest), "layer \(digest)")
        var decoder = try FrameDecoder()
        var bytes: [UInt8] = []
        try reader.readBlob(layer, decoder: &decoder) { bytes += $0 }
        return bytes
    }

    func image(_ reference: String) throws -> BundleImage {
        try #require(manifest.images.first { $0.reference == reference }, "image \(reference)")
    }

    /// Compares every document and every blob of the bundle, bit for bit, with what a source holds.
    ///
    /// `roots` has for each reference the digest that the source says it has; `source` gives the bytes of a digest.
    func expectIdentical(
        roots: [String: Digest], _ source: (Digest) throws -> [UInt8],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        var documents: Set<Digest> = []
        var blobs: Set<Digest> = []
        #expect(Set(self.manifest.images.map(\.reference)) == Set(roots.keys), sourceLocation: sourceLocation)
        for (reference, root) in roots {
            let image = try image(reference)
            #expect(image.root == root, sourceLocation: sourceLocation)
            documents.insert(root)
            for digest in image.manifests {
                documents.insert(digest)
                let descriptor = try #require(manifest.documents.first { $0.digest == digest })
                let bytes = try source(digest)
                guard case .manifest(let document) = try ImageDocument(parsing: bytes, mediaType: descriptor.mediaType)
                else {
                    Issue.record("\(digest) is no manifest", sourceLocation: sourceLocation)
                    continue
                }
                documents.insert(document.config.digest)
                blobs.formUnion(document.layers.map(\.digest))
            }
        }
        #expect(Set(manifest.documents.map(\.digest)) == documents, sourceLocation: sourceLocation)
        #expect(Set(manifest.layers.map(\.digest)) == blobs, sourceLocation: sourceLocation)
        for digest in documents {
            #expect(try document(digest) == source(digest), "document \(digest)", sourceLocation: sourceLocation)
        }
        for digest in blobs {
            let bytes = try blob(digest)
            #expect(SHA256Hasher.digest(of: bytes) == digest, sourceLocation: sourceLocation)
            #expect(try bytes == source(digest), "blob \(digest)", sourceLocation: sourceLocation)
        }
    }
}

extension DockerRegistry {
    /// The bytes that the registry itself stores for a digest.
    func stored(_ digest: Digest) throws -> [UInt8] {
        let path = "\(storage)/docker/registry/v2/blobs/sha256/\(digest.hex.prefix(2))/\(digest.hex)/data"
        return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }
}
