public import BundleFormat
import OCI
import StrictJSON

extension ImageArchive {
    /// What `docker load` takes, where nothing is known to be there: docker's list over each layer once.
    ///
    /// Layers are plain tars, or gzip where the bundle keeps their blobs as they were. Blocks, for a while where a layer must
    /// be decoded to know its size. Each image must have one manifest, of an image.
    ///
    /// - Parameters:
    ///   - images: The images, with the tags of their names; docker knows one without by its ID.
    ///   - reader: Gives the layers.
    /// - Throws: `BundleError` or `ZstandardError` when a layer cannot be read.
    public init(forDocker images: [TargetImage], reader: LayerReader) throws {
        self.init()
        let forms = LayerForm.Finder(takesZstandard: false)
        var added: Set<Digest> = []
        var items: [(config: Digest, layers: [Digest], names: [Reference])] = []
        for image in images {
            for instance in image.instances {
                let layers = try instance.layers.map { try forms.form(of: $0, reader: reader) }
                for form in layers where added.insert(form.digest).inserted {
                    add(Self.path(form.digest), .layer(form), form.size)
                }
                if added.insert(instance.config.descriptor.digest).inserted { add(instance.config) }
                let names = image.image.names.filter { $0.tag != nil }.map(\.withoutDigest)
                items.append((instance.config.descriptor.digest, layers.map(\.digest), names))
            }
        }
        // Last: an archive that is cut off before names nothing.
        add("manifest.json", .array(items.map { Self.dockerItem($0.config, $0.layers, $0.names) }))
    }

    /// An image layout: every document and blob as registries have it, each once, and an index that has all names in full.
    ///
    /// - Parameters:
    ///   - images: The images with their referrers.
    ///   - namesReferrers: Whether referrers keep their tags; what has a name is an image to engines, and none that they unpack.
    public init(layoutOf images: [TargetImage], namesReferrers: Bool = false) {
        self.init()
        addContent(of: images) { _ in true }
        let entries = images.flatMap { image in
            let root = image.root.descriptor
            let names = image.image.names.filter { name in
                // By its digest it is found by what it points to.
                !image.isReferrer || namesReferrers && name.tag != nil
            }.map { name in
                name.tag == nil ? "\(name.name)@\(root.digest)" : name.withoutDigest.description
            }
            return Self.entries(root, names.map { [Self.nameKey: $0, Self.tagKey: $0] })
        }
        add("index.json", Self.index(entries))
    }
}
