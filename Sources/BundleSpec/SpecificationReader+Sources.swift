import OCI

extension SpecificationReader {
    /// The source that a text means; docs/spec.md section Sources.
    func source(_ text: String, at node: YAMLNode) throws(SpecError) -> ImageSource {
        guard let prefix = ImageSource.prefixes.first(where: text.hasPrefix) else {
            return .registry(try reference(text, at: node))
        }
        let rest = text.dropFirst(prefix.count)
        switch prefix {
        case "docker-daemon:":
            if rest.hasPrefix("sha256:") {
                guard let digest = try? Digest(parsing: String(rest)) else {
                    throw malformed(text, "docker-daemon:NAME[:TAG] or docker-daemon:sha256:IMAGE-ID", at: node)
                }
                return .dockerImage(digest)
            }
            return .dockerDaemon(try name(rest, of: text, at: node))
        case "docker-archive:":
            // As skopeo does: the path ends at the first colon.
            let (path, name) = split(rest, rest.firstIndex(of: ":"))
            guard !path.isEmpty, name?.isEmpty != true else {
                throw malformed(text, "docker-archive:PATH or docker-archive:PATH:NAME[:TAG]", at: node)
            }
            let reference = try name.map { (name) throws(SpecError) in try self.name(name, of: text, at: node) }
            return .dockerArchive(path: absolute(String(path)), reference: reference)
        case "bundle:":
            // The path ends before the reference, which may have a digest of its own.
            let digest = rest.position(of: "@sha256:")
            let (path, name) = split(rest, rest[..<(digest ?? rest.endIndex)].lastIndex(of: "@"))
            guard !path.isEmpty, let name, !name.isEmpty else {
                throw malformed(
                    text, "bundle:DIRECTORY@REFERENCE; for an image of a registry write docker.io/library/bundle:TAG",
                    at: node)
            }
            return .bundle(path: absolute(String(path)), reference: try reference(String(name), at: node))
        default:
            let (path, name) = split(rest, rest.lastIndex(of: "@"))
            guard !path.isEmpty, name?.isEmpty != true else {
                throw malformed(text, "\(prefix)PATH or \(prefix)PATH@NAME", at: node)
            }
            let reference = name.map(String.init)
            return prefix == "oci-layout:"
                ? .layout(path: absolute(String(path)), reference: reference)
                : .ociArchive(path: absolute(String(path)), reference: reference)
        }
    }

    /// A reference, completed as engines do.
    func reference(_ text: String, at node: YAMLNode) throws(SpecError) -> Reference {
        do throws(OCIError) {
            return try Reference(parsing: text)
        } catch {
            let advice =
                text.contains("://")
                ? "write it without scheme" : "write [HOST[:PORT]/]NAME[:TAG][@DIGEST], or oci-layout:PATH@NAME"
            throw values.refusal("not an image reference: \(error.message); \(advice)", at: node)
        }
    }

    /// A name without a digest, which archives and daemons do not know images by.
    private func name(_ name: Substring, of text: String, at node: YAMLNode) throws(SpecError) -> Reference {
        let reference = try reference(String(name), at: node)
        guard reference.digest == nil else {
            throw values.refusal("'\(text)' has a digest; write NAME:TAG, the lock file pins it", at: node)
        }
        return reference
    }

    private func split(_ text: Substring, _ position: Substring.Index?) -> (path: Substring, name: Substring?) {
        guard let position else { return (text, nil) }
        return (text[..<position], text[text.index(after: position)...])
    }

    private func malformed(_ text: String, _ form: String, at node: YAMLNode) -> SpecError {
        values.refusal("'\(text)' is not \(form)", at: node)
    }
}

extension Substring {
    /// Where a text starts in this one.
    fileprivate func position(of text: String) -> Index? { indices.first { self[$0...].hasPrefix(text) } }
}
