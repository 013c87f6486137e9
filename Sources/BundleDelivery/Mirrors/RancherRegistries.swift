import BundleSpec
import Registry
import StrictJSON

/// k3s and RKE2: our entries in the mappings `mirrors` and `configs` of `registries.yaml`.
///
/// Spec: docs.k3s.io, Private Registry Configuration.
struct RancherRegistries: MirrorConfiguration {
    /// Beneath `etc`.
    let folder: String

    private var file: String { folder + "/registries.yaml" }
    private var authority: String { folder + "/bundle-ca.crt" }

    func notes(on mirror: Mirror) throws(DeliveryError) -> [String] { [] }

    func changes(_ mirror: Mirror?, in tree: ConfigurationTree) throws -> [FileChange] {
        let authority = try AuthorityFile.change(mirror?.authority, self.authority, tree)
        let file = try registries(mirror, tree)
        let changes = [authority, file].compactMap(\.self)
        return authority?.kind == .removed ? changes.reversed() : changes
    }

    private func registries(_ mirror: Mirror?, _ tree: ConfigurationTree) throws -> FileChange? {
        let old = try tree.lines(file)
        guard old != nil || mirror != nil else { return nil }
        let (rest, hadBlock) = try OwnedText.removed(from: old ?? [], file, in: tree)
        guard let mirror else { return hadBlock ? try tree.change(file, to: OwnedText.bytes(rest)) : nil }
        let before = try outline(rest, tree)
        var lines = rest
        // From the end on, so that places before stay right.
        let sections = [("mirrors", mirrors(mirror)), ("configs", configs(mirror))].filter { !$0.1.isEmpty }
        for (name, entries) in sections.sorted(by: { place($0.0, before) > place($1.0, before) }) {
            lines = try adding(entries, to: name, of: before, lines, tree)
        }
        let after = try outline(lines, tree)
        let ours = try outline(sections.flatMap { [$0.0 + ":"] + indented($0.1, by: 2) }, tree)
        // Whatever the layout: the result must say what was there and ours, and nothing else.
        guard JSONWriter.canonical(after.value) == JSONWriter.canonical(union(before.value, ours.value)) else {
            throw tree.foreign(file, "'mirrors' or 'configs' is not written as a key with indented lines beneath it")
        }
        return try tree.change(file, to: OwnedText.bytes(lines), isSecret: mirror.credentials != nil)
    }

    /// The lines with entries in a mapping at the top, which is made where there is none.
    private func adding(
        _ entries: [String], to section: String, of outline: YAMLOutline, _ lines: [String], _ tree: ConfigurationTree
    ) throws -> [String] {
        guard let key = outline.keys.first(where: { $0.name == section }) else {
            return OwnedText.inserting(OwnedText.block([section + ":"] + indented(entries, by: 2)), into: lines)
        }
        let ours = Set(entries.filter { !$0.hasPrefix(" ") }.map { $0.dropLast() })
        if let taken = key.keys.first(where: { ours.contains(OwnedText.quoted($0.name)[...]) }) {
            throw tree.foreign(file, "line \(taken.line) has '\(taken.name)' in '\(section)' already")
        }
        let indentation = (key.keys.first?.column ?? 3) - 1
        return OwnedText.inserting(OwnedText.block(entries, indentation: indentation), into: lines, at: key.line)
    }

    private func outline(_ lines: [String], _ tree: ConfigurationTree) throws -> YAMLOutline {
        do throws(SpecError) { return try YAMLOutline(parsing: Array(lines.joined(separator: "\n").utf8)) } catch {
            throw tree.foreign(
                file,
                "line \(error.line ?? 1), column \(error.column ?? 1): it is not plain YAML, "
                    + "one mapping without anchors, tags and keys that stand twice")
        }
    }

    private func place(_ section: String, _ outline: YAMLOutline) -> Int {
        outline.keys.first { $0.name == section }?.line ?? 0
    }

    private func indented(_ lines: [String], by count: Int) -> [String] {
        lines.map { String(repeating: " ", count: count) + $0 }
    }

    private func union(_ left: JSONValue, _ right: JSONValue) -> JSONValue {
        guard case .object(let first) = left, case .object(let second) = right else {
            // A key without a value.
            if case .string("") = left { return right }
            return left
        }
        let names = first.map(\.name)
        return .object(
            first.map { member in
                let other = second.first { $0.name == member.name }
                return JSONMember(name: member.name, value: other.map { union(member.value, $0.value) } ?? member.value)
            } + second.filter { !names.contains($0.name) })
    }

    private func mirrors(_ mirror: Mirror) -> [String] {
        mirror.upstreams.flatMap { upstream in
            let name = upstream == Mirror.everyRegistry ? "*" : upstream
            var lines = [OwnedText.quoted(name) + ":", "  endpoint:", "    - " + OwnedText.quoted(mirror.origin)]
            if let path = mirror.path {
                lines += ["  rewrite:", "    \"^(.*)$\": " + OwnedText.quoted(path + "/$1")]
            }
            return lines
        }
    }

    private func configs(_ mirror: Mirror) -> [String] {
        var lines: [String] = []
        if let credentials = mirror.credentials {
            lines += [
                "  auth:", "    username: " + OwnedText.quoted(credentials.username),
                "    password: " + OwnedText.quoted(credentials.password),
            ]
        }
        if mirror.authority != nil || mirror.skipsTLSVerify { lines.append("  tls:") }
        if mirror.authority != nil { lines.append("    ca_file: " + OwnedText.quoted("/etc/" + authority)) }
        if mirror.skipsTLSVerify { lines.append("    insecure_skip_verify: true") }
        return lines.isEmpty ? [] : [OwnedText.quoted(mirror.host) + ":"] + lines
    }
}
