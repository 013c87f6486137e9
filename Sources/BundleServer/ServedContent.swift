public import BundleDelivery
public import BundleFormat
public import Engines
import OCI
import StrictJSON

/// The repositories of a registry that is made of bundles.
public struct ServedContent: Sendable {
    /// A layer and what gives it.
    struct Layer: Sendable {
        let layer: BundleLayer
        let reader: LayerReader
    }

    /// What points to a document.
    struct Referrer: Sendable {
        let digest: Digest
        let artifactType: String?
        /// As lists have it.
        let entry: JSONValue
    }

    /// One repository of one host.
    struct Repository: Sendable {
        fileprivate(set) var tags: [String: Digest] = [:]
        fileprivate(set) var manifests: [Digest: TargetImage.Document] = [:]
        fileprivate(set) var configs: [Digest: TargetImage.Document] = [:]
        fileprivate(set) var layers: [Digest: Layer] = [:]
        fileprivate(set) var referrers: [Digest: [Referrer]] = [:]
    }

    /// By host, then by path.
    private var hosts: [String: [String: Repository]] = [:]

    /// Nothing.
    public init() {}

    /// Adds images of one bundle under their names.
    ///
    /// - Throws: `DeliveryError` with code `nameTaken` when a name is that of another image already.
    public mutating func add(_ images: [TargetImage], reader: LayerReader) throws(DeliveryError) {
        for image in images {
            for name in image.image.names {
                let root = image.root.descriptor.digest
                var repository = hosts[name.registry]?[name.repository] ?? Repository()
                if let tag = name.tag, let other = repository.tags[tag], other != root,
                    ReferrerTag.signed(by: tag) == nil
                {
                    throw DeliveryError(
                        .nameTaken,
                        "serving \(name.withoutDigest): two bundles have different images of that name; serve one of them"
                    )
                }
                // Of cosign's tags the first bundle's counts: a signature that came later is no other image.
                if let tag = name.tag { repository.tags[tag] = repository.tags[tag] ?? root }
                repository.add(image, reader: reader)
                hosts[name.registry, default: [:]][name.repository] = repository
            }
        }
    }

    /// The repositories of a path, of one host or of all.
    func repositories(_ path: String, host: String?) -> [Repository] {
        if let host { return hosts[host]?[path].map { [$0] } ?? [] }
        return hosts.keys.sorted().compactMap { hosts[$0]?[path] }
    }

    /// The paths of all repositories, of one host or of all, sorted.
    func paths(host: String?) -> [String] {
        let found = host.map { host in hosts[host].map { [$0] } ?? [] } ?? Array(hosts.values)
        return Set(found.flatMap(\.keys)).sorted()
    }

    /// How many repositories there are.
    public var repositoryCount: Int { hosts.values.reduce(0) { $0 + $1.count } }
}

extension ServedContent.Repository {
    fileprivate mutating func add(_ image: TargetImage, reader: LayerReader) {
        for document in image.instances.map(\.manifest) + [image.root] {
            guard manifests.updateValue(document, forKey: document.descriptor.digest) == nil else { continue }
            addReferrer(document)
        }
        for instance in image.instances {
            configs[instance.config.descriptor.digest] = instance.config
            for layer in instance.layers { layers[layer.digest] = ServedContent.Layer(layer: layer, reader: reader) }
        }
    }

    /// A document with a subject is found by it.
    private mutating func addReferrer(_ document: TargetImage.Document) {
        // Documents were parsed when the bundle was read; what cannot be parsed is no referrer.
        guard let parsed = try? ImageDocument(parsing: document.bytes, mediaType: document.descriptor.mediaType),
            let subject = parsed.subject, let entry = try? ReferrerIndex.entry(document)
        else { return }
        referrers[subject, default: []].append(
            ServedContent.Referrer(
                digest: document.descriptor.digest, artifactType: parsed.artifactType, entry: entry))
    }
}
