/// The file `ca.crt` in the folders that runtimes have for hosts.
enum AuthorityFile {
    private static let name = "ca.crt"

    /// The changes after which these folders, and no others beneath the same one, have our file.
    ///
    /// It comes before what needs it, and goes after.
    ///
    /// - Parameters:
    ///   - authority: Certificates in PEM; nil where no folder shall have any.
    ///   - hosts: The folders that get it.
    ///   - parent: The folder of these.
    ///   - tree: Where they lie.
    ///   - body: Makes the changes of what needs the file.
    /// - Returns: The changes, in the order of the hosts, around those of `body`.
    /// - Throws: `DeliveryError` with code `foreign` for a file of somebody else's with other certificates; `FileError`;
    ///   what `body` throws.
    static func changes(
        _ authority: [UInt8]?, hosts: [String], in parent: String, _ tree: ConfigurationTree,
        around body: () throws -> [FileChange]
    ) throws -> [FileChange] {
        let wanted = authority == nil ? [] : hosts
        let changes = try Set(try tree.folders(parent)).union(wanted).sorted().compactMap { host in
            try change(wanted.contains(host) ? authority : nil, "\(parent)/\(host)/\(name)", tree, takesFolder: true)
        }
        return try changes.filter { $0.kind != .removed } + body() + changes.filter { $0.kind == .removed }
    }

    /// The change of one such file.
    static func change(
        _ authority: [UInt8]?, _ path: String, _ tree: ConfigurationTree, takesFolder: Bool = false
    ) throws -> FileChange? {
        let heading = Array((OwnedText.heading + "\n").utf8)
        guard let old = try tree.read(path), !old.starts(with: heading) else {
            return try tree.change(path, to: authority.map { heading + $0 }, takesFolder: takesFolder)
        }
        guard let authority, authority != old else { return nil }
        throw tree.foreign(path, "it has other certificates than the ones to trust")
    }
}
