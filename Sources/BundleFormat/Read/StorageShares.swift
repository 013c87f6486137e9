import OCI

/// Which part of the packs each layer accounts for.
///
/// What several layers use is shared out among them: a frame's compressed bytes by how much of it each stream takes, and a
/// stream's among its layers. So the shares of all layers add up to the packs, but for rounding.
struct StorageShares {
    private var bytes: [Digest: Double] = [:]

    init(_ index: FrameIndex, layers: [BundleLayer]) throws(BundleError) {
        var taken = [Double](repeating: 0, count: index.frames.count)
        for stream in index.streams {
            for run in try index.runs(of: stream) { taken[Int(run.frame)] += Double(run.length) }
        }
        let counts = layers.flatMap(\.streams).reduce(into: [:]) { $0[$1, default: 0.0] += 1 }
        for stream in index.streams {
            var share = 0.0
            for run in try index.runs(of: stream) {
                let frame = index.frames[Int(run.frame)]
                share += Double(frame.compressedSize) * Double(run.length) / taken[Int(run.frame)]
            }
            bytes[stream.digest] = share / (counts[stream.digest] ?? 1)
        }
    }

    /// The share of a layer, in bytes.
    func share(of layer: BundleLayer) -> Int64 {
        Int64(layer.streams.reduce(0) { $0 + (bytes[$1] ?? 0) }.rounded())
    }
}
