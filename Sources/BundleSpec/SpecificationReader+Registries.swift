import OCI

extension SpecificationReader {
    private static let registryKeys = [
        "username", "password", "ca-file", "cert", "cert-key", "plain-http", "insecure-skip-tls-verify",
    ]

    /// The `registries` of a spec.
    mutating func registries(_ node: YAMLNode) throws(SpecError) -> [String: RegistrySettings] {
        var registries: [String: RegistrySettings] = [:]
        var lines: [String: Int] = [:]
        for (key, value) in try values.members(node, of: "'registries'") {
            let written = try values.interpolator.expand(key.text, line: key.line, column: key.column)
            let name = try registryName(written, at: key)
            if let line = lines[name] {
                throw values.refusal(
                    .duplicate, "the registry '\(name)' stands here and in line \(line); keep one", at: key)
            }
            lines[name] = key.line
            registries[name] = try settings(value, of: name)
        }
        return registries
    }

    private func registryName(_ text: String, at key: YAMLKey) throws(SpecError) -> String {
        let name = text == "index.docker.io" ? "docker.io" : text
        let reference: Reference?
        do throws(OCIError) { reference = try Reference(parsing: name + "/name:tag") } catch { reference = nil }
        guard let reference, reference.registry == name else {
            let advice =
                text.contains("://") || text.contains("/")
                ? "write it without scheme and path"
                : "write a host with a dot, 'localhost', or host:port, as image references do"
            throw values.refusal("'\(text)' is not a registry's host[:port]; \(advice)", at: key)
        }
        return name
    }

    private mutating func settings(_ node: YAMLNode, of registry: String) throws(SpecError) -> RegistrySettings {
        let name = "the registry '\(registry)'"
        let members = try values.members(node, of: name, known: Self.registryKeys)
        // The password first, so that it is known as a secret to every other message.
        let password = try credential("password", members)
        let username = try credential("username", members)
        let settings = RegistrySettings(
            username: username, password: password, caFile: try path("ca-file", members),
            certificate: try path("cert", members), certificateKey: try path("cert-key", members),
            plainHTTP: try flag("plain-http", members),
            insecureSkipTLSVerify: try flag("insecure-skip-tls-verify", members))
        func needs(_ present: String, _ absent: String) -> SpecError {
            values.refusal(
                "\(name) has '\(present)' without '\(absent)'; write both or neither", at: members[present] ?? node)
        }
        if username == nil, password != nil { throw needs("password", "username") }
        if username != nil, password == nil { throw needs("username", "password") }
        if settings.certificate == nil, settings.certificateKey != nil { throw needs("cert-key", "cert") }
        if settings.certificate != nil, settings.certificateKey == nil { throw needs("cert", "cert-key") }
        let isTLS = settings.caFile != nil || settings.certificate != nil || settings.insecureSkipTLSVerify
        if settings.plainHTTP, isTLS {
            throw values.refusal(
                "\(name) has 'plain-http' beside settings of TLS; remove the one or the others",
                at: members["plain-http"] ?? node)
        }
        return settings
    }

    private mutating func credential(_ key: String, _ members: [String: YAMLNode]) throws(SpecError) -> String? {
        guard let node = members[key] else { return nil }
        let text = try values.string(node, of: "'\(key)'")
        if key == "password" { values.interpolator.hide(text) }
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw values.refusal(
                "'\(key)' holds a line break or another control character; remove it (block text ends with one)",
                at: node)
        }
        guard key != "username" || !text.contains(":") else {
            throw values.refusal("'username' holds ':', which HTTP does not allow there; check it", at: node)
        }
        return text.isEmpty ? nil : text
    }

    private mutating func path(_ key: String, _ members: [String: YAMLNode]) throws(SpecError) -> String? {
        guard let node = members[key] else { return nil }
        let text = try values.string(node, of: "'\(key)'")
        return text.isEmpty ? nil : absolute(text)
    }

    private mutating func flag(_ key: String, _ members: [String: YAMLNode]) throws(SpecError) -> Bool {
        guard let node = members[key] else { return false }
        return try values.bool(node, of: "'\(key)'")
    }

    /// A path of the spec, which belongs to the spec's folder when it is relative.
    func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/") else { return path }
        var path = Substring(path)
        while path.hasPrefix("./") { path = path.dropFirst(2).drop { $0 == "/" } }
        return directory + (directory.hasSuffix("/") ? "" : "/") + path
    }
}
