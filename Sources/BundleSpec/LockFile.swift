public import OCI
import StrictJSON

/// The digests that a spec's images are pinned to; it lies beside the spec and belongs into version control.
public struct LockFile: Sendable, Equatable {
    /// The descriptors by the entries' keys.
    private let images: [String: Descriptor]
    /// What points to the images and comes along, by the entries' keys; sorted, and never empty.
    private let referrers: [String: [PinnedReferrer]]

    /// The one format there is.
    private static let format: Int64 = 1
    /// The largest lock file that is read, in bytes.
    public static let maximumSize = 16 << 20

    /// A lock file of the descriptors of each image's index or manifest, by the entries' keys.
    ///
    /// Annotations and platforms are dropped: the digest says it all.
    ///
    /// - Parameters:
    ///   - images: The indexes and manifests, by the entries' keys.
    ///   - referrers: What points to them and comes along, by the same keys.
    public init(images: [String: Descriptor], referrers: [String: [PinnedReferrer]] = [:]) {
        self.images = images.mapValues { Descriptor(mediaType: $0.mediaType, digest: $0.digest, size: $0.size) }
        self.referrers = referrers.filter { !$0.value.isEmpty }.mapValues { $0.sorted() }
    }

    /// From the bytes of a lock file; nothing but what `bytes` writes is accepted, in any order and spacing.
    ///
    /// - Throws: `SpecError` with code `lock`.
    public init(parsing bytes: [UInt8], fileName: String = "lock file") throws(SpecError) {
        var images: [String: Descriptor] = [:]
        var referrers: [String: [PinnedReferrer]] = [:]
        do {
            let root = try JSONNode(parsing: bytes, parser: JSONParser(maximumSize: Self.maximumSize, maximumDepth: 8))
            try root.allowOnly(["format", "images"])
            let format = try root.member("format").integer(in: 0...Int64.max)
            guard format == Self.format else {
                throw JSONError(.mismatch, "format \(format) is not \(Self.format), the only one known")
            }
            for node in try root.member("images").elements() {
                try node.allowOnly(["digest", "image", "mediaType", "referrers", "size"])
                let key = try node.member("image").string()
                guard !key.isEmpty else { throw node.mismatch("an entry with a filled 'image'") }
                let descriptor = try Descriptor(pinned: node)
                guard images.updateValue(descriptor, forKey: key) == nil else {
                    throw JSONError(.malformed, "\(node.path) repeats the image '\(key)'")
                }
                referrers[key] = try node.optional("referrers")?.elements().map(PinnedReferrer.init(json:))
            }
        } catch {
            throw SpecError(
                .lock, "the lock file cannot be used: \(error); write it anew with 'bundle lock'", file: fileName)
        }
        self.init(images: images, referrers: referrers)
    }

    /// Reads the lock file at a path; blocks.
    ///
    /// - Throws: `SpecError` with code `unreadable` or `lock`.
    public static func load(path: String) throws(SpecError) -> LockFile {
        try LockFile(parsing: try SourceText.read(path: path, limit: maximumSize), fileName: path)
    }

    /// The one spelling of this lock file, sorted by image.
    public func bytes() -> [UInt8] {
        let entries = images.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { key, descriptor in
            JSONValue.object([
                "digest": .string(descriptor.digest.description), "image": .string(key),
                "mediaType": .string(descriptor.mediaType.rawValue),
                "referrers": referrers[key].map { .array($0.map(\.json)) }, "size": .integer(descriptor.size),
            ])
        }
        return JSONWriter.readable(.object(["format": .integer(Self.format), "images": .array(entries)]))
    }

    /// What an entry is pinned to, by its key; nil when it is not locked.
    public func descriptor(for key: String) -> Descriptor? { images[key] }

    /// What points to an entry's image and comes along, by the entry's key.
    public func referrers(for key: String) -> [PinnedReferrer] { referrers[key] ?? [] }

    /// Where the lock file of a spec lies: beside it, with `.lock.json` in the place of `.yaml` or `.yml`.
    public static func defaultPath(forSpec path: String) -> String {
        for ending in [".yaml", ".yml"] where path.hasSuffix(ending) && path.count > ending.count {
            return path.dropLast(ending.count) + ".lock.json"
        }
        return path + ".lock.json"
    }

    /// What keeps this lock file from fitting a spec; both lists are empty when it fits.
    ///
    /// `missing` are the spec's images that are not locked, or whose reference is pinned to another digest than the lock
    /// file's, in the spec's order; `extra` are locked images that the spec does not name, sorted.
    public func staleEntries(against specification: Specification) -> (missing: [String], extra: [String]) {
        let missing = specification.images.filter { image in
            guard let descriptor = images[image.key] else { return true }
            switch image.source {
            case .registry(let reference), .bundle(_, let reference):
                return reference.digest.map { $0 != descriptor.digest } ?? false
            default: return false
            }
        }
        let wanted = Set(specification.images.map(\.key))
        let extra = images.keys.filter { !wanted.contains($0) }
        return (missing.map(\.key), extra.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    }
}

extension Descriptor {
    /// From an entry of a lock, which names an index or a manifest.
    init(pinned node: JSONNode) throws {
        try self.init(json: node)
        guard mediaType.isIndex || mediaType.isManifest, size > 0 else {
            throw node.mismatch("a pinned index or manifest (its mediaType or size is another)")
        }
    }
}
