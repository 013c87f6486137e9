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

    init(images: [ResolvedImage], cache: BuildCache) {
        var seen: Set<Digest> = []
        var blobBytes: Int64 = 0
        self.images = images.map { image in
            var missing: Int64 = 0
            for layer in image.layers where seen.insert(layer.descriptor.digest).inserted {
                blobBytes += layer.descriptor.size
                if cache.blob(layer.descriptor.digest, size: layer.descriptor.size) == nil {
                    missing += layer.descriptor.size
                }
            }
            return Image(
                reference: image.entry.key, root: image.root.digest, layerCount: image.layers.count,
                size: image.layers.reduce(0) { $0 + $1.descriptor.size }, missing: missing)
        }
        imageBytes = self.images.reduce(0) { $0 + $1.size }
        self.blobBytes = blobBytes
        missingBytes = self.images.reduce(0) { $0 + $1.missing }
    }

    /// Refuses to start what cannot end.
    ///
    /// The bundle is taken to be as large as its distinct blobs, which it is not larger than but for documents and index;
    /// the cache keeps what is pulled, and frames as large as the bundle.
    func checkSpace(cache: Directory, output: Directory) throws(BuildError) {
        let reserve: Int64 = 1 << 20
        let forOutput = blobBytes + reserve
        let forCache = missingBytes + (missingBytes > 0 ? blobBytes : 0)
        do throws(FileError) {
            let isShared = try cache.fileSystem == output.fileSystem
            for (directory, need) in isShared
                ? [(output, forOutput + forCache)] : [(output, forOutput), (cache, forCache)]
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
