import OCI
import StrictJSON

/// An image that a daemon has.
struct StoredImage: Sendable {
    /// The digest of its config.
    let id: Digest
    /// The diffIDs that it stands on, lowest first.
    let diffIDs: [DiffID]
    /// Its names with tags and with digests, as the daemon spells them.
    let names: [String]
}

extension DockerClient {
    /// An image, by its ID or a name; nil when there is none.
    ///
    /// - Throws: `EngineError`.
    func image(_ name: String) throws(EngineError) -> StoredImage? {
        let found: JSONNode?
        do throws(EngineError) { found = try get("/images/\(Self.encoded(name))/json") } catch {
            guard error.code == .refused else { throw error }
            throw EngineError(
                .refused,
                "\(error.message); where a power cut has damaged the image, remove it with 'docker rmi' and run again",
                cause: error.cause)
        }
        guard let node = found else { return nil }
        return try reading("image \(name)") { () throws(JSONError) in
            let layers = try node.optional("RootFS")?.optional("Layers")?.elements() ?? []
            return StoredImage(
                id: try node.member("Id").digest(),
                diffIDs: try layers.map { (layer) throws(JSONError) in DiffID(try layer.digest()) },
                names: try node.names())
        }
    }

    /// What tags point to now, by full name; and the IDs of all images.
    ///
    /// - Throws: `EngineError`.
    func images() throws(EngineError) -> (ids: [Digest], names: [Reference: Digest]) {
        guard let list = try get("/images/json?all=1") else {
            throw EngineError(.refused, "asking \(path) for its images: it has no such list")
        }
        return try reading("its images") { () throws(JSONError) in
            var ids: [Digest] = []
            var names: [Reference: Digest] = [:]
            for image in try list.elements() {
                let id = try image.member("Id").digest()
                ids.append(id)
                // What is no reference for us is none of our names.
                for name in try image.names() {
                    if let reference = try? Reference(parsing: name), reference.digest == nil { names[reference] = id }
                }
            }
            return (ids, names)
        }
    }

    /// The containers, running or not, by the ID of their image.
    ///
    /// - Throws: `EngineError`.
    func containers() throws(EngineError) -> [Digest: String] {
        guard let list = try get("/containers/json?all=1") else { return [:] }
        return try reading("its containers") { () throws(JSONError) in
            var containers: [Digest: String] = [:]
            for container in try list.elements() {
                // An image that is gone is named otherwise.
                guard let image = try? container.member("ImageID").digest() else { continue }
                let name = try container.optional("Names")?.elements().first?.string()
                let id = try container.member("Id").string()
                containers[image] = String(daemon: name.map { String($0.drop { $0 == "/" }) } ?? id)
            }
            return containers
        }
    }

    /// Encodes what stands in a path; slashes and colons stay.
    static func encoded(_ name: String) -> String {
        name.utf8.reduce(into: "") { text, byte in
            let isPlain =
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "-")...UInt8(ascii: ":"), UInt8(ascii: "_"), UInt8(ascii: "@"):
                    true
                default: false
                }
            text += isPlain ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
    }

    func reading<Value>(
        _ what: String, _ body: () throws(JSONError) -> Value
    ) throws(EngineError) -> Value {
        do throws(JSONError) { return try body() } catch {
            throw EngineError(.refused, "asking \(path) for \(what): \(error.message)", cause: error)
        }
    }
}

extension JSONNode {
    func digest() throws(JSONError) -> Digest {
        guard let digest = try? Digest(parsing: try string()) else { throw mismatch("a SHA-256 digest") }
        return digest
    }

    /// Tags and digests of an image, without the daemon's mark for none.
    func names() throws(JSONError) -> [String] {
        var names: [String] = []
        for list in ["RepoTags", "RepoDigests"] {
            for name in try optional(list)?.elements() ?? [] { names.append(try name.string()) }
        }
        return names.filter { !$0.hasPrefix("<none>") }
    }
}
