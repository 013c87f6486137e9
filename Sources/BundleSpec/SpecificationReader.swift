import OCI

/// Turns a document's tree into a specification.
struct SpecificationReader {
    let directory: String
    var values: ValueReader

    private static let keys = [
        "product", "channel", "version", "platforms", "referrers", "variables", "registries", "trust", "images",
    ]

    /// Reads the whole; errors come without the secrets that were met on the way.
    mutating func read(_ root: YAMLNode) throws(SpecError) -> Specification {
        do {
            return try specification(root)
        } catch {
            throw error.hiding(values.interpolator.secrets)
        }
    }

    private mutating func specification(_ root: YAMLNode) throws(SpecError) -> Specification {
        let members = try values.members(root, of: "the spec", known: Self.keys)
        if let node = members["variables"] { try declareVariables(node) }
        for (key, advice) in [
            ("product", "name what the bundle is a release of"),
            ("version", "write the number of this release, higher than the last one's"),
            ("images", "list the images that the bundle holds"),
        ] where members[key] == nil {
            throw values.refusal("the spec has no '\(key)'; \(advice)", at: root)
        }
        // Registries come first of the rest, so that their passwords are known as secrets to every later message.
        let registries = try members["registries"].map { (node) throws(SpecError) in try self.registries(node) }
        let product = try members["product"].map { (node) throws(SpecError) in
            try values.name(node, of: "'product'")
        }
        let channel = try members["channel"].map { (node) throws(SpecError) in
            try values.name(node, of: "'channel'")
        }
        let version = try members["version"].map { (node) throws(SpecError) in
            try values.integer(node, of: "'version'", in: 1...Specification.maximumVersion)
        }
        let platforms = try members["platforms"].map { (node) throws(SpecError) in try self.platforms(node) }
        let referrers: ImageEntry.Referrers? = try members["referrers"].map { (node) throws(SpecError) in
            try values.choice(node, of: "'referrers'")
        }
        let images = try members["images"].map { (node) throws(SpecError) in try self.images(node) }
        let trust = try trust(members["trust"], for: images ?? [], at: root)
        try values.interpolator.refuseUnusedOverrides()
        return Specification(
            product: product ?? "", channel: channel ?? "stable", version: version ?? 0,
            platforms: platforms ?? [.host], referrers: referrers ?? .all, registries: registries ?? [:], trust: trust,
            images: images ?? [], directory: directory)
    }

    private mutating func declareVariables(_ node: YAMLNode) throws(SpecError) {
        for (key, value) in try values.members(node, of: "'variables'") {
            guard Interpolator.isName(key.text) else {
                throw values.refusal(
                    "the variable's name \(Wording.shown(key.text)) must be letters, digits and _, not starting with a digit",
                    at: key)
            }
            let text = try values.text(value, of: "the variable '\(key.text)'")
            values.interpolator.declare(key.text, text: text, line: value.line, column: value.column)
        }
        try values.interpolator.resolveDeclared()
    }

    /// The keys that other bundles must be signed with; none without such bundles.
    private mutating func trust(
        _ node: YAMLNode?, for images: [ImageEntry], at root: YAMLNode
    ) throws(SpecError) -> [String] {
        let bundle = images.first { if case .bundle = $0.source { true } else { false } }
        guard let node else {
            guard let bundle else { return [] }
            throw values.refusal(
                "'\(bundle.key)' is of another bundle, and the spec has no 'trust'; list the public keys that may have "
                    + "signed it, as trust: [keys/vendor.pub]", at: root)
        }
        var paths: [String] = []
        for element in try values.elements(node, of: "'trust'") {
            paths.append(absolute(try values.filledString(element, of: "the path in 'trust'")))
        }
        guard !paths.isEmpty, bundle != nil else {
            throw values.refusal(
                "'trust' names the keys of bundles that images are taken from; "
                    + (paths.isEmpty ? "list at least one" : "no image has the source bundle:DIRECTORY@REFERENCE"),
                at: node)
        }
        return paths
    }

    /// The `platforms` of a spec or of one of its images.
    mutating func platforms(_ node: YAMLNode) throws(SpecError) -> [Platform] {
        var platforms: [Platform] = []
        var seen: Set<Platform> = []
        for element in try values.elements(node, of: "'platforms'") {
            let text = try values.string(element, of: "the platform")
            let platform: Platform
            do throws(OCIError) { platform = try Platform(parsing: text) } catch {
                throw values.refusal("the platform \(error.message); write for example linux/amd64", at: element)
            }
            if let known = Self.architectures[platform.architecture] {
                throw values.refusal(
                    "the platform '\(text)' has the architecture '\(platform.architecture)'; images call it '\(known)'",
                    at: element)
            }
            guard seen.insert(platform).inserted else {
                throw values.refusal(.duplicate, "the platform '\(text)' stands twice; keep one", at: element)
            }
            platforms.append(platform)
        }
        guard !platforms.isEmpty else {
            throw values.refusal(
                "'platforms' is empty; name at least one, or remove the key for that of this computer", at: node)
        }
        return platforms
    }

    /// What `uname -m` and distributions say, and what images say.
    private static let architectures = [
        "x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm", "armv7l": "arm", "i386": "386",
        "i686": "386",
    ]
}
