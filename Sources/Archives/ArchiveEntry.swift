/// One entry of an archive, as its header has it.
public struct ArchiveEntry: Sendable, Equatable {
    /// What an entry is; targets are raw and lead anywhere.
    public enum Kind: Sendable, Equatable {
        /// A regular file, whose bytes follow.
        case file
        /// A directory.
        case directory
        /// A symbolic link to a path.
        case symbolicLink([UInt8])
        /// Another name of an earlier entry, by that entry's path.
        case hardLink([UInt8])
        /// A device, a pipe or a socket.
        case other
    }

    /// The path as it stands in the archive, any bytes.
    public let path: [UInt8]
    /// What it is.
    public let kind: Kind
    /// How many bytes a file has; 0 for anything else.
    public let size: Int64

    /// An entry of its parts.
    public init(path: [UInt8], kind: Kind, size: Int64) {
        self.path = path
        self.kind = kind
        self.size = size
    }

    /// The path as a name beneath the archive's root, as `blobs/sha256`; empty for the root itself.
    ///
    /// `./` before it and `/` behind it are left out.
    ///
    /// - Throws: `ArchiveError` with code `name` when it is absolute, has `..` or an empty part, or is no text.
    public func name() throws(ArchiveError) -> String {
        guard let name = Self.name(path) else {
            throw ArchiveError(
                .name,
                "the entry \(Self.shown(path)) is not a plain path of text; no program that is needed writes that")
        }
        return name
    }

    /// The name that a symbolic link means beneath the archive's root; nil for anything else and where it leads out of it.
    public func linkTarget() -> String? {
        guard case .symbolicLink(let target) = kind, let own = Self.name(path), !target.isEmpty else { return nil }
        var parts = own.utf8.split(separator: Self.slash).dropLast().map { Array($0) }
        if target.first == Self.slash { return nil }
        for part in target.split(separator: Self.slash) where !part.elementsEqual(".".utf8) {
            if part.elementsEqual("..".utf8) {
                guard parts.popLast() != nil else { return nil }
            } else {
                parts.append(Array(part))
            }
        }
        return Self.name(Array(parts.joined(separator: [Self.slash])))
    }

    /// A path for messages: text on one line.
    public static func shown(_ path: [UInt8]) -> String {
        let text = String(decoding: path.prefix(200), as: UTF8.self)
        let safe = text.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : String($0) }
        return "'\(safe.joined())\(path.count > 200 ? "…" : "")'"
    }

    private static let slash = UInt8(ascii: "/")

    private static func name(_ path: [UInt8]) -> String? {
        guard let text = String(validating: path, as: UTF8.self), path.first != slash else { return nil }
        var parts = text.utf8.split(separator: slash, omittingEmptySubsequences: false)
        if parts.last?.isEmpty == true { parts.removeLast() }
        while let first = parts.first, first.elementsEqual(".".utf8) { parts.removeFirst() }
        let isPlain = parts.allSatisfy { part in
            !part.isEmpty && !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8) && !part.contains(0)
        }
        return isPlain ? parts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/") : nil
    }
}
