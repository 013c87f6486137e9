import BundleFormat

/// Where a bundle lies: a directory, or a folder of a medium that is found by its label.
public enum BundleSource: Sendable, Hashable, CustomStringConvertible {
    /// A directory.
    case directory(String)
    /// A medium, and the folder on it; nil for its root.
    case label(String, folder: String?)

    /// From an absolute path, `LABEL=NAME` or `LABEL=NAME/folder`; nil for anything else.
    ///
    /// A label has 1 to 64 bytes; a folder is relative, without `.`, `..` and empty parts, one `/` at its end aside.
    public init?(parsing text: String) {
        guard text.hasPrefix("LABEL=") else {
            guard text.isAbsolutePath else { return nil }
            self = .directory(text)
            return
        }
        let parts = text.dropFirst("LABEL=".count).split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let label = parts.first, 1...64 ~= label.utf8.count, label.unicodeScalars.allSatisfy(\.isVisible),
            label.trimmingSpaces() == label
        else { return nil }
        guard parts.count == 2, !parts[1].isEmpty else {
            self = .label(String(label), folder: nil)
            return
        }
        let folder = parts[1].hasSuffix("/") ? parts[1].dropLast() : parts[1]
        let isRelative = folder.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && part != "." && part != ".." && part.unicodeScalars.allSatisfy(\.isVisible)
        }
        guard isRelative, folder.utf8.count <= 4096 else { return nil }
        self = .label(String(label), folder: String(folder))
    }

    /// As in the configuration.
    public var description: String {
        switch self {
        case .directory(let path): path
        case .label(let label, let folder): "LABEL=\(label)" + (folder.map { "/" + $0 } ?? "")
        }
    }
}

extension StringProtocol {
    /// Whether this starts at the root, leads nowhere up, and can be shown.
    var isAbsolutePath: Bool {
        hasPrefix("/") && utf8.count <= 4095 && unicodeScalars.allSatisfy(\.isVisible)
            && split(separator: "/").allSatisfy { $0 != ".." }
    }
}
