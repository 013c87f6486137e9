/// The full name of an image: registry, repository, and a tag, a digest or both.
///
/// Spec: distribution-spec v1.1 § Pulling manifests (grammar of name and tag); short names are completed as docker does
/// (`debian` is `docker.io/library/debian:latest`).
public struct Reference: Hashable, Sendable, CustomStringConvertible {
    /// Host and optional port, as `registry.example.com:5000` or `docker.io`.
    public let registry: String
    /// As `library/debian`.
    public let repository: String
    /// As `2.8.0`; nil only beside a digest.
    public let tag: String?
    /// The digest that the reference is pinned to.
    public let digest: Digest?

    /// Parses and completes a reference.
    ///
    /// - Throws: `OCIError` with code `invalidReference` or `invalidDigest`.
    public init(parsing text: String) throws(OCIError) {
        guard text.utf8.count <= 512 else {
            throw OCIError(.invalidReference, "a reference of \(text.utf8.count) bytes is longer than 512")
        }
        var name = Substring(text)
        if let at = name.firstIndex(of: "@") {
            digest = try Digest(parsing: String(name[name.index(after: at)...]))
            name = name[..<at]
        } else {
            digest = nil
        }
        var tag: String?
        if let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") {
            tag = String(name[name.index(after: colon)...])
            name = name[..<colon]
        }
        if let tag, !Self.isTag(tag) {
            throw OCIError(
                .invalidReference,
                "'\(text)' has the tag '\(tag)'; a tag is 1 to 128 of [A-Za-z0-9_.-], not starting with . or -"
            )
        }
        self.tag = tag ?? (digest == nil ? "latest" : nil)
        var repository = String(name)
        if let slash = name.firstIndex(of: "/"), Self.looksLikeRegistry(name[..<slash]) {
            registry = name[..<slash] == "index.docker.io" ? "docker.io" : String(name[..<slash])
            repository = String(name[name.index(after: slash)...])
        } else {
            registry = "docker.io"
        }
        if registry == "docker.io", !repository.contains("/") { repository = "library/" + repository }
        self.repository = repository
        guard Self.isRegistry(registry) else {
            throw OCIError(.invalidReference, "'\(text)' names the registry '\(registry)', which is not host[:port]")
        }
        guard Self.isRepository(repository) else {
            throw OCIError(
                .invalidReference,
                "'\(text)' has the repository '\(repository)'; its parts are lower-case letters and digits, joined by one of . _ __ -"
            )
        }
    }

    private init(registry: String, repository: String, tag: String?, digest: Digest?) {
        self.registry = registry
        self.repository = repository
        self.tag = tag
        self.digest = digest
    }

    /// The same name pinned to a digest.
    public func pinned(to digest: Digest) -> Reference {
        Reference(registry: registry, repository: repository, tag: tag, digest: digest)
    }

    /// The same name without its digest, where it has a tag.
    public var withoutDigest: Reference {
        tag == nil ? self : Reference(registry: registry, repository: repository, tag: tag, digest: nil)
    }

    /// `registry/repository`.
    public var name: String { registry + "/" + repository }

    /// The full spelling.
    public var description: String {
        name + (tag.map { ":" + $0 } ?? "") + (digest.map { "@" + $0.description } ?? "")
    }

    // The grammar, by bytes: letters that merely look like these are other bytes.

    private static func isLowerOrDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        isLowerOrDigit(byte) || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
    }

    private static func looksLikeRegistry(_ part: Substring) -> Bool {
        part == "localhost"
            || part.utf8.contains { byte in
                byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":") || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
            }
    }

    private static func isTag(_ tag: String) -> Bool {
        let bytes = Array(tag.utf8)
        guard 1...128 ~= bytes.count, isLetterOrDigit(bytes[0]) || bytes[0] == UInt8(ascii: "_") else { return false }
        return bytes.allSatisfy { byte in
            isLetterOrDigit(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
        }
    }

    private static func isRegistry(_ registry: String) -> Bool {
        var host = Substring(registry)
        if host.hasPrefix("[") {
            guard let close = host.firstIndex(of: "]") else { return false }
            let address = host[host.index(after: host.startIndex)..<close]
            guard !address.isEmpty, address.utf8.allSatisfy({ $0 == UInt8(ascii: ":") || isHexDigit($0) }) else {
                return false
            }
            let rest = host[host.index(after: close)...]
            return rest.isEmpty || (rest.hasPrefix(":") && isPort(rest.dropFirst()))
        }
        if let colon = host.firstIndex(of: ":") {
            guard isPort(host[host.index(after: colon)...]) else { return false }
            host = host[..<colon]
        }
        return host.utf8.count <= 253
            && host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
                let bytes = Array(label.utf8)
                guard let first = bytes.first, let last = bytes.last, bytes.count <= 63 else { return false }
                return isLetterOrDigit(first) && isLetterOrDigit(last)
                    && bytes.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
            }
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte
            || UInt8(ascii: "A")...UInt8(ascii: "F") ~= byte
    }

    private static func isPort(_ text: Substring) -> Bool {
        guard text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }), let port = Int(text) else {
            return false
        }
        return 1...65535 ~= port
    }

    private static func isRepository(_ repository: String) -> Bool {
        guard 1...255 ~= repository.utf8.count else { return false }
        return repository.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
            isPathPart(Array($0.utf8))
        }
    }

    /// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
    private static func isPathPart(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first, let last = bytes.last, isLowerOrDigit(first), isLowerOrDigit(last) else {
            return false
        }
        var separator: [UInt8] = []
        for byte in bytes {
            if isLowerOrDigit(byte) {
                let isAllowed =
                    separator.isEmpty || separator == [UInt8(ascii: ".")] || separator == [UInt8(ascii: "_")]
                    || separator == [UInt8(ascii: "_"), UInt8(ascii: "_")]
                    || separator.allSatisfy { $0 == UInt8(ascii: "-") }
                guard isAllowed else { return false }
                separator = []
            } else {
                separator.append(byte)
            }
        }
        return true
    }
}
