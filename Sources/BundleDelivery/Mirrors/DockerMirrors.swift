import StrictJSON

/// docker: members of `daemon.json`, and a record of what in them is ours, since JSON has no comments.
///
/// Spec: `dockerd --help`, `registry-mirrors` and `insecure-registries`.
struct DockerMirrors: MirrorConfiguration {
    private static let file = "docker/daemon.json"
    private static let record = "bundle/mirror-config.json"
    private static let hub = "docker.io"

    /// The lists, and what is in each of them for a mirror.
    private static func wanted(_ mirror: Mirror?) -> KeyValuePairs<String, [String]> {
        guard let mirror else { return ["registry-mirrors": [], "insecure-registries": []] }
        let isInsecure = mirror.scheme == "http" || mirror.skipsTLSVerify
        return ["registry-mirrors": [mirror.origin], "insecure-registries": isInsecure ? [mirror.host] : []]
    }

    func notes(on mirror: Mirror) throws(DeliveryError) -> [String] {
        guard mirror.credentials == nil else {
            throw DeliveryError(
                .usage,
                "docker takes no password for a mirror; leave --username out for it, "
                    + "and let the mirror be read by everybody"
            )
        }
        guard mirror.path == nil else {
            throw DeliveryError(
                .usage,
                "docker's mirrors have no path; leave --path out for it, "
                    + "and push the images of docker.io without a prefix"
            )
        }
        let others = mirror.upstreams.filter { $0 != Self.hub && $0 != Mirror.everyRegistry }
        guard others.count < mirror.upstreams.count else {
            throw DeliveryError(
                .usage,
                "docker asks mirrors for images of docker.io only, and not of \(others.joined(separator: ", ")); "
                    + "give images names of the site's registry instead")
        }
        return mirror.upstreams == [Self.hub] ? [] : ["docker asks mirrors for images of docker.io only"]
    }

    func changes(_ mirror: Mirror?, in tree: ConfigurationTree) throws -> [FileChange] {
        let old = try tree.read(Self.file)
        let recorded = try ours(tree)
        // Without a mark of ours, nothing of somebody else's is even read.
        guard mirror != nil || !recorded.isEmpty else { return try authorities(mirror, tree) }
        let before = try members(old, tree)
        var members = before
        var added: [String: [String]] = [:]
        for (list, wanted) in Self.wanted(mirror) {
            let previous = recorded[list] ?? []
            let position = members.firstIndex { $0.name == list }
            let found = try position.map { try strings(members[$0], tree) } ?? []
            let others = found.filter { !previous.contains($0) }
            // The same with a slash at the end is the same to docker.
            let new = wanted.filter { !others.contains($0) && !others.contains($0 + "/") }
            added[list] = new
            guard new + others != found else { continue }
            let member = JSONMember(name: list, value: .strings(new + others))
            if let position, (new + others).isEmpty {
                members.remove(at: position)
            } else if let position {
                members[position] = member
            } else {
                members.append(member)
            }
        }
        added = added.filter { !$0.value.isEmpty }
        let isSame = JSONWriter.ordered(.object(members)) == JSONWriter.ordered(.object(before))
        let contents = isSame && old != nil ? old : members.isEmpty ? nil : JSONWriter.ordered(.object(members))
        // Until the file is written, the record names what was ours and what becomes ours.
        let both = recorded.merging(added) { was, new in was + new.filter { !was.contains($0) } }
        let first = try record(added.isEmpty ? recorded : both, tree)
        return try authorities(mirror, tree) {
            try [
                first?.kind == .unchanged ? nil : first, tree.change(Self.file, to: contents), record(added, tree),
            ].compactMap(\.self)
        }
    }

    private func authorities(
        _ mirror: Mirror?, _ tree: ConfigurationTree, around body: () throws -> [FileChange] = { [] }
    ) throws -> [FileChange] {
        try AuthorityFile.changes(
            mirror?.authority, hosts: mirror.map { [$0.host] } ?? [], in: "docker/certs.d", tree, around: body)
    }

    private func record(_ lists: [String: [String]], _ tree: ConfigurationTree) throws -> FileChange? {
        let members = lists.keys.sorted().map { JSONMember(name: $0, value: .strings(lists[$0] ?? [])) }
        return try tree.change(
            Self.record, to: lists.isEmpty ? nil : JSONWriter.readable(.object(["docker": .object(members)])))
    }

    /// What the record says.
    private func ours(_ tree: ConfigurationTree) throws -> [String: [String]] {
        guard let bytes = try tree.read(Self.record) else { return [:] }
        do throws(JSONError) {
            var lists: [String: [String]] = [:]
            for (name, node) in try JSONNode(parsing: bytes).member("docker").members() {
                lists[name] = try node.elements().map { node throws(JSONError) in try node.string() }
            }
            return lists
        } catch { throw tree.foreign(Self.record, error.message) }
    }

    private func members(_ bytes: [UInt8]?, _ tree: ConfigurationTree) throws -> [JSONMember] {
        // An empty file is one of docker's, without settings.
        guard let bytes, !bytes.allSatisfy({ [0x20, 0x09, 0x0A, 0x0D].contains($0) }) else { return [] }
        do throws(JSONError) {
            guard case .object(let members) = try JSONParser().parse(bytes) else {
                throw JSONError(.mismatch, "it is no JSON object")
            }
            return members
        } catch { throw tree.foreign(Self.file, error.message) }
    }

    private func strings(_ member: JSONMember, _ tree: ConfigurationTree) throws -> [String] {
        do throws(JSONError) {
            return try JSONNode(member.value, path: "$." + member.name).elements()
                .map { node throws(JSONError) in try node.string() }
        } catch { throw tree.foreign(Self.file, error.message) }
    }
}
