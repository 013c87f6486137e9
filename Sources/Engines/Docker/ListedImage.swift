import OCI
import StrictJSON

/// An image as docker's containerd store lists it.
struct ListedImage: Sendable {
    /// The digest of its index or manifest.
    let digest: Digest
    /// Its names, in full.
    let names: [String]
    /// The manifests whose content is all there; nil where the daemon does not tell, and lists only images that are whole.
    let available: Set<Digest>?

    /// Whether a manifest is there with all that belongs to it.
    func has(_ manifest: Digest) -> Bool { available?.contains(manifest) ?? true }
}

extension DockerClient {
    /// All images of a containerd store, with what is there of each where the daemon tells that.
    ///
    /// - Throws: `EngineError`.
    func storedImages(withManifests: Bool) throws(EngineError) -> [ListedImage] {
        guard let list = try get("/images/json?all=1" + (withManifests ? "&manifests=1" : "")) else {
            throw EngineError(.refused, "asking \(path) for its images: it has no such list")
        }
        return try reading("its images") { () throws(JSONError) in
            try list.elements().map { (image) throws(JSONError) in
                var names: Set<String> = []
                for name in try image.names() {
                    if let reference = try? Reference(parsing: name) { names.insert(reference.description) }
                }
                var available: Set<Digest>?
                if withManifests, let manifests = try image.optional("Manifests")?.elements() {
                    available = []
                    for manifest in manifests {
                        guard case .bool(true) = try manifest.member("Available").value else { continue }
                        available?.insert(try manifest.member("ID").digest())
                    }
                }
                return ListedImage(
                    digest: try image.member("Id").digest(), names: names.sorted(), available: available)
            }
        }
    }
}
