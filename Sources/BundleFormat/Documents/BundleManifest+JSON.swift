import Gzip
public import OCI
public import StrictJSON

extension BundleManifest {
    /// Parses the one canonical form.
    ///
    /// - Throws: `BundleError` with code `damaged`, or `unsupported` for another format number or an unknown encoding.
    public init(parsing bytes: [UInt8]) throws(BundleError) {
        do {
            let parser = JSONParser(maximumSize: BundleLayout.maximumManifestSize, maximumDepth: 16)
            let value = try parser.parse(bytes)
            let node = JSONNode(value)
            let format = try node.member("format").integer(in: 0...Int64.max)
            guard format == BundleLayout.version else {
                throw BundleError(
                    .unsupported,
                    "reading manifest.json: format \(format) is not known; use a newer version of this tool")
            }
            guard JSONWriter.canonical(value) == bytes else {
                throw BundleError(.damaged, "reading manifest.json: it is not in canonical form")
            }
            try self.init(json: node)
            // Also what JSON leaves open has one spelling: the order of groups, members that are absent rather than empty.
            guard self.bytes() == bytes else {
                throw BundleError(.damaged, "reading manifest.json: it is not as this version writes it")
            }
        } catch let error as BundleError {
            throw error
        } catch {
            throw BundleError(.damaged, "reading manifest.json: \(error)", cause: error)
        }
    }

    private init(json node: JSONNode) throws {
        try node.allowOnly([
            "channel", "created", "documents", "format", "images", "index", "layers", "packs", "product", "requires",
            "version", "volumes",
        ])
        guard let created = Timestamp(parsing: try node.member("created").string()) else {
            throw try node.member("created").mismatch("a time")
        }
        let layers = try node.member("layers").elements().map(BundleLayer.init(json:))
        guard zip(layers, layers.dropFirst()).allSatisfy({ $0.digest < $1.digest }) else {
            throw try node.member("layers").mismatch("sorted by digest without repetition")
        }
        let documents = try node.member("documents").elements().map { element in
            try element.allowOnly(["digest", "mediaType", "size"])
            return try Descriptor(json: element)
        }
        guard zip(documents, documents.dropFirst()).allSatisfy({ $0.digest < $1.digest }) else {
            throw try node.member("documents").mismatch("sorted by digest without repetition")
        }
        let images = try node.member("images").elements().map(BundleImage.init(json:))
        guard zip(images, images.dropFirst()).allSatisfy({ $0.priority <= $1.priority }) else {
            throw try node.member("images").mismatch("in loading order, by priority")
        }
        let volumes = try node.optional("volumes")?.integer(in: 2...1000)
        let requires = try node.optional("requires")?.elements().map(RequiredBundle.init(json:)) ?? []
        let packs = try node.member("packs").elements().map(BundlePack.init(json:))
        for pack in packs {
            switch pack.place {
            case .here: break
            case .volume(let number):
                guard let volumes, number <= volumes else {
                    throw try node.member("packs").mismatch("on a volume that the bundle has")
                }
            case .bundle(let statement):
                guard requires.contains(where: { $0.statement == statement }) else {
                    throw try node.member("packs").mismatch("in a bundle that this one requires")
                }
            }
        }
        self.init(
            product: try node.member("product").string(), channel: try node.member("channel").string(),
            version: try node.member("version").integer(in: 1...999_999_999_999), created: created,
            documents: documents, images: images,
            index: try FileSum(json: try node.member("index")), layers: layers, packs: packs, requires: requires,
            volumes: volumes)
    }

    /// The canonical form.
    public func bytes() -> [UInt8] { JSONWriter.canonical(json) }

    /// As JSON.
    public var json: JSONValue {
        .object([
            "channel": .string(channel), "created": .string(created.description),
            "documents": .array(
                documents.map { document in
                    Descriptor(mediaType: document.mediaType, digest: document.digest, size: document.size).json
                }),
            "format": .integer(BundleLayout.version), "images": .array(images.map(\.json)),
            "index": .object(["digest": .string(index.digest.description), "size": .integer(index.size)]),
            "layers": .array(layers.map(\.json)), "packs": .array(packs.map(\.json)), "product": .string(product),
            "requires": requires.isEmpty ? nil : .array(requires.map(\.json)), "version": .integer(version),
            "volumes": volumes.map(JSONValue.integer),
        ])
    }
}

extension FileSum {
    fileprivate init(json node: JSONNode) throws {
        try node.allowOnly(["digest", "size"])
        self.init(digest: try node.digest("digest"), size: try node.size())
    }
}

extension BundleImage {
    fileprivate init(json node: JSONNode) throws {
        try node.allowOnly(["groups", "manifests", "names", "priority", "reference", "root", "tags"])
        let policy = try node.member("tags")
        guard let tagPolicy = TagPolicy(rawValue: try policy.string()) else {
            throw policy.mismatch("keep, move or fail")
        }
        let names = try node.member("names").elements().map { element in
            let reference = try Reference(parsing: try element.string())
            guard reference.description == (try element.string()) else { throw element.mismatch("a full reference") }
            return reference
        }
        guard !names.isEmpty else { throw try node.member("names").mismatch("one name or more") }
        let manifests = try node.member("manifests").elements().map { try Digest(parsing: try $0.string()) }
        guard !manifests.isEmpty, Set(manifests).count == manifests.count else {
            throw try node.member("manifests").mismatch("one manifest or more, each once")
        }
        self.init(
            reference: try Self.label(node.member("reference")), root: try node.digest("root"), manifests: manifests,
            names: names, groups: try node.member("groups").elements().map(Self.label),
            priority: try node.member("priority").integer(in: 0...10_000), tagPolicy: tagPolicy)
    }

    private static func label(_ node: JSONNode) throws -> String {
        let text = try node.string()
        guard text.isLabel else { throw node.mismatch("1 to 4096 bytes of visible characters") }
        return text
    }

    fileprivate var json: JSONValue {
        .object([
            "groups": .strings(groups), "manifests": .strings(manifests.map(\.description)),
            "names": .strings(names.map(\.description)), "priority": .integer(priority),
            "reference": .string(reference), "root": .string(root.description), "tags": .string(tagPolicy.rawValue),
        ])
    }
}

extension BundleLayer {
    fileprivate init(json node: JSONNode) throws {
        try node.allowOnly(["diffID", "digest", "encoding", "size", "stream"])
        let encodingNode = try node.member("encoding")
        let encoding: Encoding
        switch try encodingNode.member("type").string() {
        case "identity":
            try encodingNode.allowOnly(["type"])
            encoding = .identity
        case "verbatim":
            try encodingNode.allowOnly(["compression", "type"])
            switch try encodingNode.member("compression").string() {
            case "none": encoding = .verbatim(nil)
            case let name:
                guard let compression = LayerCompression(name: name) else {
                    throw BundleError(.unsupported, "\(node.path) has the unknown compression '\(name)'")
                }
                encoding = .verbatim(compression)
            }
        case "gzip", "gzip-members": encoding = .gzip(try GzipEncoding(json: encodingNode))
        case "gzip-corrected":
            try encodingNode.allowOnly(["corrections", "type"])
            encoding = .corrected(try encodingNode.digest("corrections"))
        case let other:
            throw BundleError(
                .unsupported,
                "reading manifest.json: \(node.path) has the encoding '\(other)'; use a newer version of this tool")
        }
        let layer = BundleLayer(
            digest: try node.digest("digest"), size: try node.size(),
            diffID: try node.optional("diffID").map { DiffID(try Digest(parsing: try $0.string())) },
            stream: try node.digest("stream"), encoding: encoding)
        let isConsistent =
            switch encoding {
            case .identity: layer.stream == layer.digest && layer.diffID?.digest == layer.digest
            case .verbatim(nil): layer.stream == layer.digest && layer.diffID == nil
            case .verbatim: layer.stream == layer.digest && layer.diffID != nil
            case .gzip: layer.stream == layer.diffID?.digest && layer.stream != layer.digest
            case .corrected(let corrections):
                layer.stream == layer.diffID?.digest && layer.stream != layer.digest && layer.stream != corrections
            }
        guard isConsistent else { throw node.mismatch("a layer whose digest, diffID and stream fit its encoding") }
        self = layer
    }

    fileprivate var json: JSONValue {
        .object([
            "diffID": diffID.map { .string($0.description) }, "digest": .string(digest.description),
            "encoding": encoding.json, "size": .integer(size), "stream": .string(stream.description),
        ])
    }
}

extension BundleLayer.Encoding {
    /// As in the manifest.
    public var json: JSONValue {
        switch self {
        case .identity: .object(["type": .string("identity")])
        case .verbatim(let compression):
            .object(["compression": .string(compression?.name ?? "none"), "type": .string("verbatim")])
        case .gzip(let gzip): gzip.json
        case .corrected(let corrections):
            .object(["corrections": .string(corrections.description), "type": .string("gzip-corrected")])
        }
    }
}

extension LayerCompression {
    /// As in manifests.
    public var name: String {
        switch self {
        case .uncompressed: "none"
        case .gzip: "gzip"
        case .zstd: "zstd"
        }
    }

    /// From a manifest.
    public init?(name: String) {
        switch name {
        case "none": self = .uncompressed
        case "gzip": self = .gzip
        case "zstd": self = .zstd
        default: return nil
        }
    }
}

extension BundlePack {
    fileprivate init(json node: JSONNode) throws {
        try node.allowOnly(["bundle", "digest", "size", "volume"])
        let volume = try node.optional("volume")?.integer(in: 1...1000)
        let bundle = try node.optional("bundle").map { try $0.bareDigest() }
        let place: Place
        switch (volume, bundle) {
        case (nil, nil): place = .here
        case (let volume?, nil): place = .volume(volume)
        case (nil, let bundle?): place = .bundle(bundle)
        default: throw node.mismatch("in one place")
        }
        let size = try node.size()
        guard 1...BundleLayout.maximumPackSize ~= size else { throw node.mismatch("a pack of 1 byte to 2 GiB") }
        self.init(digest: try node.digest("digest"), size: size, place: place)
    }

    fileprivate var json: JSONValue {
        var volume: Int64?
        var bundle: Digest?
        switch place {
        case .here: break
        case .volume(let number): volume = number
        case .bundle(let statement): bundle = statement
        }
        return .object([
            "bundle": bundle.map { .string($0.hex) }, "digest": .string(digest.description), "size": .integer(size),
            "volume": volume.map(JSONValue.integer),
        ])
    }
}

extension RequiredBundle {
    fileprivate init(json node: JSONNode) throws {
        try node.allowOnly(["channel", "product", "statement", "version"])
        self.init(
            product: try node.member("product").string(), channel: try node.member("channel").string(),
            version: try node.member("version").integer(in: 1...999_999_999_999),
            statement: try node.member("statement").bareDigest())
    }

    fileprivate var json: JSONValue {
        .object([
            "channel": .string(channel), "product": .string(product), "statement": .string(statement.hex),
            "version": .integer(version),
        ])
    }
}

extension JSONNode {
    fileprivate func digest(_ name: String) throws -> Digest { try Digest(parsing: try member(name).string()) }

    fileprivate func bareDigest() throws -> Digest {
        guard let digest = Digest(hex: try string()) else { throw mismatch("64 hex digits") }
        return digest
    }

    fileprivate func size() throws -> Int64 { try member("size").integer(in: 0...Descriptor.maximumSize) }
}
