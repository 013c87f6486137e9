/// containerd: `certs.d/UPSTREAM/hosts.toml`, our hosts before others.
///
/// Spec: containerd's docs/hosts.md.
struct ContainerdHosts: MirrorConfiguration {
    private static let folder = "containerd/certs.d"

    func notes(on mirror: Mirror) throws(DeliveryError) -> [String] { [] }

    func changes(_ mirror: Mirror?, in tree: ConfigurationTree) throws -> [FileChange] {
        let upstreams = mirror?.upstreams ?? []
        return try AuthorityFile.changes(mirror?.authority, hosts: upstreams, in: Self.folder, tree) {
            try Set(try tree.folders(Self.folder)).union(upstreams).sorted().compactMap { upstream in
                try change(upstreams.contains(upstream) ? mirror : nil, "\(Self.folder)/\(upstream)/hosts.toml", tree)
            }
        }
    }

    private func change(_ mirror: Mirror?, _ path: String, _ tree: ConfigurationTree) throws -> FileChange? {
        guard let old = try tree.lines(path) else {
            guard let mirror else { return nil }
            return try tree.change(
                path, to: OwnedText.bytes(OwnedText.inserting(OwnedText.block(lines(mirror)), into: [])),
                isSecret: mirror.credentials != nil)
        }
        let (rest, hadBlock) = try OwnedText.removed(from: old, path, in: tree)
        guard let mirror else {
            return hadBlock ? try tree.change(path, to: OwnedText.bytes(rest), takesFolder: true) : nil
        }
        let tables: TOMLTables
        do throws(TOMLTables.Fault) { tables = try TOMLTables(lines: rest) } catch {
            throw tree.foreign(path, "line \(error.line) has \(error.message)")
        }
        guard !tables.topLevelKeys.contains("host"),
            !tables.tables.contains(where: { $0.keys.prefix(2) == ["host", url(mirror)] })
        else { throw tree.foreign(path, "it names the host \(url(mirror)) already, or has no table for each") }
        let new = OwnedText.inserting(OwnedText.block(lines(mirror)), into: rest, at: tables.tables.first?.line)
        return try tree.change(path, to: OwnedText.bytes(new), isSecret: mirror.credentials != nil)
    }

    private func url(_ mirror: Mirror) -> String { mirror.origin + (mirror.path.map { "/v2/" + $0 } ?? "") }

    private func lines(_ mirror: Mirror) -> [String] {
        let host = "host." + OwnedText.quoted(url(mirror))
        var lines = ["[\(host)]", "  capabilities = [\"pull\", \"resolve\"]"]
        if mirror.path != nil { lines.append("  override_path = true") }
        if mirror.skipsTLSVerify { lines.append("  skip_verify = true") }
        if mirror.authority != nil { lines.append("  ca = \"ca.crt\"") }
        if let authorization = mirror.authorization {
            lines += ["  [\(host).header]", "    Authorization = \(OwnedText.quoted(authorization))"]
        }
        return lines
    }
}
