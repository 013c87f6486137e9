import OCI

extension SpecificationReader {
    private static let imageKeys = ["image", "as", "groups", "priority", "tags", "store", "platforms", "referrers"]

    /// The `images` of a spec: no image and no name on the target stands twice.
    mutating func images(_ node: YAMLNode) throws(SpecError) -> [ImageEntry] {
        var images: [ImageEntry] = []
        var places: [[YAMLNode]] = []
        for element in try values.elements(node, of: "'images'") {
            let (image, nodes) = try self.image(element)
            images.append(image)
            places.append(nodes)
        }
        guard !images.isEmpty else { throw values.refusal("'images' is empty; list at least one image", at: node) }
        guard let repetition = Repetition(in: images) else { return images }
        let image = images[repetition.place.image]
        // The source's node comes first; an image of a registry has its own reference as its first name, too.
        func position(_ place: Repetition.Place) -> YAMLNode {
            let nodes = places[place.image]
            return nodes.suffix(images[place.image].names.count).dropFirst(place.name ?? nodes.count).first ?? nodes[0]
        }
        let line = position(repetition.earlier).line
        guard let name = repetition.place.name else {
            throw values.refusal(
                .duplicate,
                "the image '\(image.key)' stands here and in line \(line); keep one entry, further names go into 'as'",
                at: position(repetition.place))
        }
        throw values.refusal(
            .duplicate,
            "the name '\(image.names[name])' on the target is given here and in line \(line); each name can point to one image",
            at: position(repetition.place))
    }

    /// One entry, with the nodes of its source and of its further names.
    private mutating func image(_ node: YAMLNode) throws(SpecError) -> (ImageEntry, [YAMLNode]) {
        if case .scalar = node.content {
            let key = try values.filledString(node, of: "the image")
            let source = try source(key, at: node)
            guard source.name != nil else { throw needsName(at: node) }
            return (ImageEntry(source: source, line: node.line, column: node.column, key: key), [node])
        }
        guard case .mapping = node.content else {
            throw values.refusal("an image must be a reference, or a mapping with the key 'image'", at: node)
        }
        let members = try values.members(node, of: "the image", known: Self.imageKeys)
        guard let sourceNode = members["image"] else {
            throw values.refusal("the entry has no 'image'; say where its image comes from", at: node)
        }
        let key = try values.filledString(sourceNode, of: "'image'")
        let source = try source(key, at: sourceNode)
        var names: [Reference] = []
        let nameNodes =
            try members["as"].map { (node) throws(SpecError) in try values.elements(node, of: "'as'") } ?? []
        for node in nameNodes { names.append(try additionalName(node)) }
        if source.name == nil, names.isEmpty { throw needsName(at: sourceNode) }
        let entry = ImageEntry(
            source: source, additionalNames: names, groups: try groups(members["groups"]),
            priority: try members["priority"].map { (node) throws(SpecError) in
                Int(try values.integer(node, of: "'priority'", in: 0...10000))
            } ?? ImageEntry.defaultPriority,
            tagPolicy: try members["tags"].map { (node) throws(SpecError) in
                try values.choice(node, of: "'tags'")
            } ?? .keep,
            storage: try members["store"].map { (node) throws(SpecError) in
                try values.choice(node, of: "'store'")
            } ?? .packed,
            platforms: try members["platforms"].map { (node) throws(SpecError) in try platforms(node) },
            referrers: try members["referrers"].map { (node) throws(SpecError) in
                try values.choice(node, of: "'referrers'")
            },
            line: sourceNode.line, column: sourceNode.column, key: key)
        return (entry, [sourceNode] + nameNodes)
    }

    private func needsName(at node: YAMLNode) -> SpecError {
        values.refusal("an image of this source has no name of its own; give it one with 'as: [NAME:TAG]'", at: node)
    }

    private mutating func groups(_ node: YAMLNode?) throws(SpecError) -> [String] {
        guard let node else { return [] }
        var groups: [String] = []
        var seen: Set<String> = []
        for element in try values.elements(node, of: "'groups'") {
            let group = try values.group(element, of: "the group")
            guard seen.insert(group).inserted else {
                throw values.refusal(.duplicate, "the group '\(group)' stands twice; keep one", at: element)
            }
            groups.append(group)
        }
        return groups
    }

    private mutating func additionalName(_ node: YAMLNode) throws(SpecError) -> Reference {
        let text = try values.filledString(node, of: "a name in 'as'")
        let reference = try reference(text, at: node)
        guard reference.digest == nil, reference.tag != nil else {
            throw values.refusal("the name '\(text)' in 'as' has a digest; a name is NAME:TAG", at: node)
        }
        return reference
    }
}
