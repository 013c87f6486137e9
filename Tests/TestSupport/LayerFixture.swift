import Cryptography
public import OCI

/// One layer, made in code: its tar, and the blob that a registry would hold.
public struct LayerFixture: Sendable {
    /// How the blob holds the tar.
    public enum Compression: Sendable, Hashable {
        /// The blob is the tar.
        case none
        /// One gzip member of the program `gzip`, level 1 to 9.
        case gzip(level: Int)
        /// That many gzip members one after another.
        case gzipMembers(Int)
        /// One frame of the program `zstd`, level 1 to 19.
        case zstd(level: Int)
    }

    /// The uncompressed tar.
    public let tar: [UInt8]
    /// What a registry holds.
    public let blob: [UInt8]
    /// How the blob holds the tar.
    public let compression: Compression
    /// The digest of the tar.
    public let diffID: DiffID
    /// The digest of the blob.
    public let digest: Digest

    /// The layer of a tar, or of any bytes.
    public init(tar: [UInt8], compression: Compression = .gzip(level: 6)) async throws {
        self.tar = tar
        self.compression = compression
        blob = try await Self.compress(tar, compression)
        diffID = DiffID(SHA256Hasher.digest(of: tar))
        digest = compression == .none ? diffID.digest : SHA256Hasher.digest(of: blob)
    }

    /// The layer of a tar that another program compressed with gzip.
    public init(tar: [UInt8], gzip blob: [UInt8]) {
        self.tar = tar
        self.blob = blob
        compression = .gzip(level: 6)
        diffID = DiffID(SHA256Hasher.digest(of: tar))
        digest = SHA256Hasher.digest(of: blob)
    }

    /// The layer of entries.
    public init(_ entries: [TarFixture.Entry], compression: Compression = .gzip(level: 6)) async throws {
        try await self.init(tar: TarFixture.tar(entries), compression: compression)
    }

    /// The descriptor that an image of this format has for it.
    public func descriptor(_ format: ImageFixture.Format) -> Descriptor {
        let mediaType =
            switch (format, compression) {
            case (.oci, .none): MediaType.ociLayer
            case (.oci, .zstd): MediaType.ociLayerZstd
            case (.oci, _): MediaType.ociLayerGzip
            case (.docker, .none): MediaType.dockerLayer
            case (.docker, .zstd): MediaType(rawValue: "application/vnd.docker.image.rootfs.diff.tar.zstd")
            case (.docker, _): MediaType.dockerLayerGzip
            }
        return Descriptor(mediaType: mediaType, digest: digest, size: Int64(blob.count))
    }

    private static func compress(_ tar: [UInt8], _ compression: Compression) async throws -> [UInt8] {
        switch compression {
        case .none: return tar
        case .gzip(let level): return try await Command("gzip", ["-nc\(level)"], input: tar).check().output
        case .zstd(let level): return try await Command("zstd", ["-qc", "-\(level)"], input: tar).check().output
        case .gzipMembers(let count):
            let length = max(1, (tar.count + count - 1) / count)
            var blob: [UInt8] = []
            for start in stride(from: 0, to: tar.count, by: length) {
                let part = Array(tar[start..<min(start + length, tar.count)])
                blob += try await Command("gzip", ["-nc6"], input: part).check().output
            }
            return blob
        }
    }
}
