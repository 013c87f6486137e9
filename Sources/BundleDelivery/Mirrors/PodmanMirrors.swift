/// podman: a file of our own beneath `registries.conf.d`.
///
/// Spec: containers-registries.conf(5), containers-registries.conf.d(5).
struct PodmanMirrors: MirrorConfiguration {
    private static let file = "containers/registries.conf.d/50-bundle-mirrors.conf"

    func notes(on mirror: Mirror) throws(DeliveryError) -> [String] {
        guard mirror.credentials == nil else {
            throw DeliveryError(
                .usage,
                "podman takes no password from its configuration; leave --username out for it, "
                    + "and run 'podman login \(mirror.host)'"
            )
        }
        guard !mirror.upstreams.contains(Mirror.everyRegistry) else {
            throw DeliveryError(
                .usage, "podman has no mirror for all registries; name each by --upstream, as --upstream docker.io")
        }
        return []
    }

    func changes(_ mirror: Mirror?, in tree: ConfigurationTree) throws -> [FileChange] {
        if let old = try tree.lines(Self.file), old.first != OwnedText.heading {
            guard mirror != nil else { return [] }
            throw tree.foreign(Self.file, "somebody else wrote it")
        }
        return try AuthorityFile.changes(
            mirror?.authority, hosts: mirror.map { [$0.host] } ?? [], in: "containers/certs.d", tree
        ) {
            [try tree.change(Self.file, to: mirror.map { Array(text($0).utf8) })].compactMap(\.self)
        }
    }

    private func text(_ mirror: Mirror) -> String {
        var lines = [OwnedText.heading]
        for upstream in mirror.upstreams {
            let location = [mirror.host, mirror.path].compactMap(\.self).joined(separator: "/")
            lines += [
                "", "[[registry]]", "location = \(OwnedText.quoted(upstream))", "", "[[registry.mirror]]",
                "location = \(OwnedText.quoted(location))",
            ]
            if mirror.scheme == "http" || mirror.skipsTLSVerify { lines.append("insecure = true") }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
