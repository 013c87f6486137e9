extension FrameReader {
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
        guard let position = index.position(of: layer.stream) else {
            throw BundleError(.damaged, "making blob \(layer.digest): the index has no stream \(layer.stream)")
        }
        var encoder = BlobEncoder(layer)
        try unsafe read(index.streams[position], decoder: &decoder) { try unsafe encoder.append($0, body) }
        try unsafe encoder.finish(body)
    }
}
