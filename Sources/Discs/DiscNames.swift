/// The folders and files of an image that is going to be written, as a tree.
struct DiscNames {
    struct Node {
        let name: String
        let parent: Int
        /// Which of the files it is; nil for a folder.
        let file: Int?
        var children: [Int] = []
    }

    /// The root first, and every folder before what lies in it.
    private(set) var nodes = [Node(name: "", parent: 0, file: nil)]

    init(_ paths: [String]) {
        var folders = ["": 0]
        for (file, path) in paths.enumerated() {
            var parent = 0
            var prefix = ""
            let parts = path.split(separator: "/").map(String.init)
            for (level, part) in parts.enumerated() {
                let isLast = level == parts.count - 1
                prefix += "/" + part
                if !isLast, let known = folders[prefix] {
                    parent = known
                    continue
                }
                nodes.append(Node(name: part, parent: parent, file: isLast ? file : nil))
                nodes[parent].children.append(nodes.count - 1)
                parent = nodes.count - 1
                if !isLast { folders[prefix] = parent }
            }
        }
    }

    /// What programs see that know neither Rock Ridge nor Joliet: at most 30 of `A-Z`, `0-9` and `_`, and one dot in a file.
    ///
    /// - Returns: For each node, in their order; different ones in a folder.
    func plainIdentifiers() -> [[UInt8]] {
        var identifiers = [DiscRecord.own]
        var taken: Set<String> = []
        for (number, node) in nodes.enumerated().dropFirst() {
            var name = Self.plain(node)
            var attempt = number
            while name.utf8.count > 31 || !taken.insert("\(node.parent)/\(name)").inserted {
                let end = "_\(attempt)"
                let stem = Self.plain(node.name).prefix(30 - end.utf8.count)
                name = stem + end + (node.file == nil ? "" : ".")
                attempt += nodes.count
            }
            identifiers.append(Array((node.file == nil ? name : name + ";1").utf8))
        }
        return identifiers
    }

    /// At most 64 characters in the standard, and 103 as everybody reads them.
    func jolietIdentifiers() -> [[UInt8]] {
        [DiscRecord.own]
            + nodes.dropFirst().map { node in
                (node.file == nil ? node.name : node.name + ";1").utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
            }
    }

    private static func plain(_ node: Node) -> String {
        guard node.file != nil else { return plain(node.name) }
        guard let dot = node.name.lastIndex(of: ".") else { return plain(node.name) + "." }
        return plain(node.name[..<dot]) + "." + plain(node.name[node.name.index(after: dot)...])
    }

    private static func plain(_ text: some StringProtocol) -> String {
        let bytes = text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 32
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
            default: UInt8(ascii: "_")
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
