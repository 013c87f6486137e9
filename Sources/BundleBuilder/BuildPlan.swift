import BundleSpec
import DurableFiles
public import OCI

/// What a build will take: images, layers, and bytes to pull.
public struct BuildPlan: Sendable {
    /// One image of the plan.
    public struct Image: Sendable {
        /// The image as the spec names it.
        public let reference: String
        /// The index or manifest that it stands for.
        public let root: Digest
        /// How many layers it has, over all platforms.
        public let layerCount: Int
        /// The size of its blobs, in bytes.
        public let size: Int64
        /// How much of it has to be pulled, in bytes; shared layers count for the first image.
        public let missing: Int64
    }

    /// The images in the order of the spec.
    public let images: [Image]
    /// Bytes of all images' blobs, shared ones counted for each image.
    public let imageBytes: Int64
    /// Bytes of the distinct blobs.
    public let blobBytes: Int64
    /// Bytes to pull.
    public let missingBytes: Int64
    /// Room that pulling takes, in bytes: what is missing and does not lie in partial blobs either.
    private let roomToPull: Int64

    init(images: [ResolvedImage], cache: BuildCache) {
        var seen: Set<Digest> = []
        var blobs: [Descriptor] = []
        var missing: [Descriptor] = []
        self.images = images.map { image in
            let layers = image.layers.map(\.descriptor)
            let new = layers.filter { seen.insert($0.digest).inserted }
            let absent = new.filter { cache.blob($0.digest, size: $0.size) == nil }
            blobs += new
            missing += absent
            return Image(
                reference: image.entry.key, root: image.root.digest, layerCount: layers.count,
                size: layers.map(\.size).total, missing: absent.map(\.size).total)
        }
        imageBytes = self.images.map(\.size).total
        blobBytes = blobs.map(\.size).total
        missingBytes = missing.map(\.size).total
        roomToPull = missing.map { max(0, $0.size - cache.partialSize($0.digest)) }.total
    }

    /// Refuses to start what cannot end.
    ///
    /// The bundle is taken to be an eighth larger than its distinct blobs: gzip of a high level may be smaller than zstd of a
    /// low one. The cache keeps what is pulled, and frames as large as the bundle unless it holds them already.
    func checkSpace(cache: Directory, output: Directory, isPacked: Bool) throws(BuildError) {
        let reserve: Int64 = 1 << 20
        let packed = blobBytes + blobBytes / 8
        let forOutput = [packed, reserve].total
        let forCache = [roomToPull, isPacked ? 0 : packed].total
        do throws(FileError) {
            let isShared = try cache.fileSystem == output.fileSystem
            for (directory, need) in isShared
                ? [(output, [forOutput, forCache].total)] : [(output, forOutput), (cache, forCache)]
            {
                let free = try directory.freeSpace().bytes
                guard free >= need else {
                    throw FileError(
                        .noSpace,
                        "\(directory.path) has room for \(free) bytes, and up to \(need) are needed; "
                            + "make room, or move the output or the build cache (--cache) to another volume")
                }
            }
        } catch {
            throw BuildError(error, doing: "checking for room")
        }
    }
}

extension [Int64] {
    /// The sum of sizes, which the resolver has found small enough to add.
    var total: Int64 { reduce(0, +) }
}
