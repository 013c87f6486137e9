import Archives
import BundleFormat
import Cryptography
import OCI
import StrictJSON

extension ArchiveContents {
    /// What an archive was made to be.
    enum Form: Sendable {
        /// An image layout in a tar.
        case layout
        /// What `docker save` writes: since version 25 an image layout too, whose manifests are the daemon's own.
        case docker
    }

    /// The index or manifest of an image, and its bytes where these do not lie in the archive.
    ///
    /// Where there is only docker's manifest.json the manifest is made here, always in the same way: OCI, the config and the
    /// layers as they lie there, canonical JSON.
    ///
    /// - Throws: `BuildError` with code `notFound` or `source`, or `OCIError`.
    func image(_ name: LayoutIndex.Name, in form: Form) throws -> (descriptor: OCI.Descriptor, bytes: [UInt8]?) {
        if let index = list("index.json") {
            guard let marker = list("oci-layout"), LayoutIndex.isMarker(marker) else {
                throw refusal("has an index.json, and no oci-layout file of version 1.0.0")
            }
            let descriptor = try LayoutIndex(parsing: index, of: self.name).image(name)
            guard try file("blobs/sha256/\(descriptor.digest.hex)").sum.size == descriptor.size else {
                throw refusal("has another size for \(descriptor.digest) than it says")
            }
            return (descriptor, nil)
        }
        guard form == .docker, let list = list("manifest.json") else {
            throw BuildError(
                .notFound,
                "\(self.name) is no \(form == .docker ? "archive of docker: it has no manifest.json" : "OCI archive: it has no index.json")"
            )
        }
        let bytes = try manifest(of: try dockerImage(name, list))
        return (
            OCI.Descriptor(
                mediaType: .ociManifest, digest: SHA256Hasher.digest(of: bytes), size: Int64(bytes.count)), bytes
        )
    }

    /// One image of manifest.json.
    private struct DockerImage {
        let config: String
        let names: [String]
        let layers: [String]

        init(json node: JSONNode) throws(JSONError) {
            config = try node.member("Config").string()
            names = try node.optional("RepoTags").map { (node) throws(JSONError) in try Self.strings(node) } ?? []
            layers = try node.optional("Layers").map { (node) throws(JSONError) in try Self.strings(node) } ?? []
        }

        private static func strings(_ node: JSONNode) throws(JSONError) -> [String] {
            try node.elements().map { (node) throws(JSONError) in try node.string() }
        }

        func isNamed(_ name: LayoutIndex.Name) -> Bool {
            switch name {
            case .only: true
            case .annotation(let text): names.contains(text)
            case .reference(let reference): names.contains { (try? Reference(parsing: $0)) == reference }
            }
        }
    }

    private func dockerImage(_ name: LayoutIndex.Name, _ list: [UInt8]) throws(BuildError) -> DockerImage {
        let images: [DockerImage]
        do throws(JSONError) {
            images = try JSONNode(parsing: list, parser: JSONParser(maximumSize: ImageDocument.maximumSize)).elements()
                .map { (node) throws(JSONError) in try DockerImage(json: node) }
        } catch {
            throw refusal("has a manifest.json that cannot be read: \(error.message)")
        }
        let candidates = images.filter { $0.isNamed(name) }
        guard let found = candidates.first, Set(candidates.map(\.config)).count == 1 else {
            var wanted = ""
            if case .reference(let reference) = name { wanted = " named '\(reference)'" }
            let names = Set(images.flatMap(\.names)).sorted().joined(separator: ", ")
            throw BuildError(
                .notFound, "\(self.name) has \(candidates.count) images\(wanted); name one of: \(names)")
        }
        return found
    }

    private func manifest(of image: DockerImage) throws(BuildError) -> [UInt8] {
        let config = try file(image.config).sum
        guard config.size <= ImageDocument.maximumSize else {
            throw refusal("has a config of \(config.size) bytes, more than 4 MiB")
        }
        if let claimed = Self.imageID(in: image.config), claimed != config.digest {
            throw refusal("has the config \(claimed) with the digest \(config.digest): it is damaged")
        }
        var layers: [JSONValue] = []
        for path in image.layers {
            let layer = try file(path)
            let type: MediaType =
                switch layer.compression {
                case .uncompressed: .ociLayer
                case .gzip: .ociLayerGzip
                case .zstd: .ociLayerZstd
                }
            layers.append(Self.json(type, layer.sum))
        }
        return JSONWriter.canonical(
            .object([
                "config": Self.json(.ociConfig, config), "layers": .array(layers),
                "mediaType": .string(MediaType.ociManifest.rawValue), "schemaVersion": .integer(2),
            ]))
    }

    private static func json(_ type: MediaType, _ sum: FileSum) -> JSONValue {
        .object([
            "digest": .string(sum.digest.description), "mediaType": .string(type.rawValue), "size": .integer(sum.size),
        ])
    }

    /// The digest that a config has as its name, as `<hex>.json` or `sha256:<hex>`.
    private static func imageID(in path: String) -> Digest? {
        var name = path.split(separator: "/").last ?? ""
        if name.hasPrefix("sha256:") { name = name.dropFirst(7) }
        if name.hasSuffix(".json") { name = name.dropLast(5) }
        return try? Digest(parsing: "sha256:" + name)
    }
}
