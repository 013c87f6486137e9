public import OCI

/// Where every byte of every stream lies: the frame table and the recipes.
///
/// Spec: docs/format.md section 7.
public struct FrameIndex: Sendable {
    /// The frames, in the order of the packs.
    public let frames: [Frame]
    /// The streams, sorted by digest.
    public let streams: [Stream]

    /// One frame of a pack.
    public struct Frame: Hashable, Sendable {
        /// The number of its pack.
        public let pack: Int
        /// Where it starts in its pack, in bytes.
        public let offset: Int64
        /// How long it is in the pack, in bytes.
        public let compressedSize: Int
        /// How much it holds, in bytes.
        public let size: Int
        /// What its content went through before it was compressed.
        public let filter: FrameFilter
        /// The digest of its compressed bytes.
        public let digest: Digest

        /// A frame of its parts.
        public init(
            pack: Int, offset: Int64, compressedSize: Int, size: Int, filter: FrameFilter, digest: Digest
        ) {
            self.pack = pack
            self.offset = offset
            self.compressedSize = compressedSize
            self.size = size
            self.filter = filter
            self.digest = digest
        }
    }

    /// One stream and its recipe.
    public struct Stream: Sendable {
        /// The digest of the stream.
        public let digest: Digest
        /// How long it is, in bytes.
        public let size: Int64
        /// How many runs the recipe has.
        public let runCount: Int
        let recipe: [UInt8]

        /// Encodes a recipe.
        public init(digest: Digest, size: Int64, runs: [Run]) {
            self.digest = digest
            self.size = size
            runCount = runs.count
            recipe = RecipeCoder.encode(runs)
        }

        init(digest: Digest, size: Int64, runCount: Int, recipe: [UInt8]) {
            self.digest = digest
            self.size = size
            self.runCount = runCount
            self.recipe = recipe
        }
    }

    /// A piece of a stream: bytes that lie together in one frame.
    public struct Run: Hashable, Sendable {
        /// The number of the frame.
        public var frame: UInt32
        /// Where the piece starts in the frame's content.
        public var offset: UInt32
        /// How long it is.
        public var length: UInt32

        /// A run of its parts.
        public init(frame: UInt32, offset: UInt32, length: UInt32) {
            self.frame = frame
            self.offset = offset
            self.length = length
        }
    }

    /// An index of its parts; sorts the streams.
    public init(frames: [Frame], streams: [Stream]) {
        self.frames = frames
        self.streams = streams.sorted { $0.digest < $1.digest }
    }

    /// The position of a stream, by its digest.
    public func position(of stream: Digest) -> Int? {
        var low = 0
        var high = streams.count
        while low < high {
            let middle = (low + high) / 2
            if streams[middle].digest < stream { low = middle + 1 } else { high = middle }
        }
        return low < streams.count && streams[low].digest == stream ? low : nil
    }

    /// The runs of a stream, checked against the frames.
    ///
    /// - Throws: `BundleError` with code `damaged`.
    public func runs(of stream: Stream) throws(BundleError) -> [Run] { try RecipeCoder.decode(stream, frames: frames) }
}
