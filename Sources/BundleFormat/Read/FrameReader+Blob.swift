import Cryptography
import Gzip
import OCI

extension FrameReader {
    /// Where the index has a layer's stream.
    ///
    /// - Throws: `BundleError` with code `damaged`.
    func position(of layer: BundleLayer) throws(BundleError) -> Int { try position(of: layer.stream, layer) }

    /// Where the index has one of the streams of a layer.
    ///
    /// - Throws: `BundleError` with code `damaged`.
    func position(of stream: Digest, _ layer: BundleLayer) throws(BundleError) -> Int {
        guard let position = index.position(of: stream) else {
            throw BundleError(.damaged, "reading layer \(layer.digest): the index has no stream \(stream)")
        }
        return position
    }

    /// Hands over the bytes of a stream as `readAhead` does, and compares the whole with its digest.
    ///
    /// - Throws: As `read`, and `BundleError` with code `damaged`.
    func readVerified(_ stream: FrameIndex.Stream, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var hasher = SHA256Hasher()
        try unsafe readAhead(stream) { bytes in
            unsafe hasher.update(bytes)
            try unsafe body(bytes)
        }
        let found = hasher.finish()
        guard found == stream.digest else {
            throw BundleError(.damaged, "reading stream \(stream.digest): it comes out as \(found)")
        }
    }

    /// Hands over the bytes of a layer's blob, in order and in pieces, made from its stream.
    ///
    /// - Parameters:
    ///   - layer: A layer of the bundle.
    ///   - decoder: The caller's, for frames.
    ///   - body: Gets pieces that are not yet known to be right: only the return says so.
    /// - Throws: `BundleError` with code `notFound` when a pack is not here, or `damaged` when the blob does not come out
    ///   with its digest and size; or what `body` throws.
    public func readBlob(
        _ layer: BundleLayer, decoder: inout FrameDecoder, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var encoder = try BlobEncoder(layer, frames: self)
        try unsafe read(index.streams[try position(of: layer)], decoder: &decoder) {
            try unsafe encoder.append($0, body)
        }
        try unsafe encoder.finish(body)
    }

    /// The same, made on several threads where the layer's encoder can be.
    ///
    /// Memory: as for `GzipEncoder.encodeInParallel`, and a frame.
    ///
    /// - Parameters:
    ///   - layer: A layer of the bundle.
    ///   - jobs: How many tasks encode at a time; at least 1.
    ///   - body: Gets pieces that are not yet known to be right: only the return says so.
    /// - Throws: As `readBlob(_:decoder:_:)`, and `CancellationError`.
    public func readBlob(
        _ layer: BundleLayer, jobs: Int, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        guard jobs > 1, case .gzip(let encoding) = layer.encoding else {
            var decoder = try FrameDecoder()
            return try unsafe readBlob(layer, decoder: &decoder) {
                try Task.checkCancellation()
                try unsafe body($0)
            }
        }
        let content = try StreamContent(index.streams[try position(of: layer)], frames: self)
        let proof = BlobProof(layer)
        try await unsafe GzipEncoder.encodeInParallel(
            encoding, jobs: jobs,
            pull: {
                try Task.checkCancellation()
                return try unsafe content.fill($0)
            },
            output: {
                try unsafe proof.update($0)
                try unsafe body($0)
            })
        try proof.finish()
    }
}
