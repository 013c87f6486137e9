import BundleFormat
import OCI
import Synchronization
import Zstandard

/// How a layer is sent to a daemon, and what that is.
struct LayerForm: Sendable {
    /// The digest of what is sent, which names its file.
    let digest: Digest
    /// How many bytes are sent.
    let size: Int64
    /// What they are.
    let mediaType: MediaType
    /// The layer that it is a form of.
    let layer: BundleLayer
    private let source: Source

    private enum Source {
        /// The stream as it is.
        case stream
        /// The tar in a stream that is compressed with zstd.
        case decodedStream
        /// The blob that registries know.
        case blob
    }

    /// The blob that registries know.
    init(blobOf layer: BundleLayer) {
        self.init(digest: layer.digest, size: layer.size, mediaType: .ociLayerGzip, layer: layer, source: .blob)
    }

    private init(digest: Digest, size: Int64, mediaType: MediaType, layer: BundleLayer, source: Source) {
        self.digest = digest
        self.size = size
        self.mediaType = mediaType
        self.layer = layer
        self.source = source
    }

    /// Hands over what is sent, in order and in pieces.
    ///
    /// - Throws: As `LayerReader.readStream`.
    func read(_ reader: LayerReader, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var left = size
        func hand(_ bytes: UnsafeRawBufferPointer) throws {
            left -= Int64(bytes.count)
            guard left >= 0 else { throw wrongSize }
            try unsafe body(bytes)
        }
        switch source {
        case .stream: try unsafe reader.readStream(layer) { try unsafe hand($0) }
        case .blob: try unsafe reader.readBlob(layer) { try unsafe hand($0) }
        case .decodedStream:
            var decoder = try ZstandardStreamDecoder()
            try unsafe reader.readStream(layer) { try unsafe decoder.decode($0) { try unsafe hand($0) } }
            try decoder.finish()
        }
        guard left == 0 else { throw wrongSize }
    }

    /// Hands over what is sent, in order and in pieces; blobs are made on several threads.
    ///
    /// - Throws: As `LayerReader.readBlob`.
    func read(_ reader: LayerReader, jobs: Int, _ body: (UnsafeRawBufferPointer) throws -> Void) async throws {
        guard case .blob = source else {
            return try unsafe read(reader) { bytes in
                try Task.checkCancellation()
                try unsafe body(bytes)
            }
        }
        // Which proves the size too.
        try await unsafe reader.readBlob(layer, jobs: jobs, body)
    }

    private var wrongSize: BundleError {
        BundleError(.damaged, "reading layer \(layer.digest): it does not have the \(size) bytes that it should")
    }

    /// What comes out when the daemon unpacks it, in bytes; an estimate where only that would tell.
    var unpackedSize: Int64 { mediaType == .ociLayer ? size : 2 * size }

    /// Finds the forms for one daemon; remembers sizes that had to be counted.
    final class Finder: Sendable {
        private let takesZstandard: Bool
        private let counted = Mutex<[Digest: Int64]>([:])

        init(takesZstandard: Bool) { self.takesZstandard = takesZstandard }

        /// The form of a layer; blocks, and for a while where a layer must be decoded to know its size.
        ///
        /// - Throws: `BundleError` or `ZstandardError` when the layer cannot be read.
        func form(of layer: BundleLayer, reader: LayerReader) throws -> LayerForm {
            switch layer.encoding {
            case .verbatim(.gzip):
                return LayerForm(
                    digest: layer.digest, size: layer.size, mediaType: .ociLayerGzip, layer: layer, source: .stream)
            case .verbatim(.zstd) where takesZstandard:
                return LayerForm(
                    digest: layer.digest, size: layer.size, mediaType: .ociLayerZstd, layer: layer, source: .stream)
            case .verbatim(.zstd):
                return LayerForm(
                    digest: layer.diffID?.digest ?? layer.digest, size: try count(layer, reader), mediaType: .ociLayer,
                    layer: layer, source: .decodedStream)
            case .identity, .gzip, .corrected, .verbatim:
                return LayerForm(
                    digest: layer.diffID?.digest ?? layer.stream, size: try reader.streamSize(of: layer),
                    mediaType: .ociLayer, layer: layer, source: .stream)
            }
        }

        private func count(_ layer: BundleLayer, _ reader: LayerReader) throws -> Int64 {
            if let size = counted.withLock({ $0[layer.digest] }) { return size }
            var decoder = try ZstandardStreamDecoder()
            var size: Int64 = 0
            try unsafe reader.readStream(layer) { try unsafe decoder.decode($0) { size += Int64($0.count) } }
            try decoder.finish()
            counted.withLock { $0[layer.digest] = size }
            return size
        }
    }
}
