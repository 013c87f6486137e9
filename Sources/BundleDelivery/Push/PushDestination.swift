import OCI

/// Where images go in a registry, and what they are called there.
///
/// Spec: docs/delivering.md section 2.
public struct PushDestination: Sendable {
    /// As in references, `host[:port]`.
    public let registry: String
    private let prefix: String?
    private let renames: [String: String]

    /// - Parameters:
    ///   - text: `REGISTRY` or `REGISTRY/PREFIX`.
    ///   - renames: New paths by old ones, as `["acme/web": "shop/front"]`.
    /// - Throws: `DeliveryError` with code `usage`.
    public init(parsing text: String, renames: [String: String] = [:]) throws(DeliveryError) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        registry = parts[0]
        prefix = parts.count > 1 ? parts[1] : nil
        self.renames = renames
        do throws(OCIError) {
            // A name of one part is one of a registry only because of the slash before it.
            let probe = try Reference(parsing: text + (prefix == nil ? "/a" : "") + ":a")
            guard probe.registry == registry else { throw OCIError(.invalidReference, "it names no registry") }
            for path in renames.values { _ = try Reference(parsing: "\(text)/\(path):a") }
        } catch {
            throw DeliveryError(
                .usage,
                "reading the destination '\(text)': \(error.message); give host[:port] or host[:port]/path, and for "
                    + "renames paths without a host")
        }
    }

    /// What an image's name becomes.
    ///
    /// - Throws: `DeliveryError` with code `usage` when that is no name.
    func reference(for name: Reference) throws(DeliveryError) -> Reference {
        let path = [registry, prefix, renames[name.repository] ?? name.repository].compactMap(\.self)
        let text = path.joined(separator: "/") + (name.tag.map { ":\($0)" } ?? "@\(name.digest?.description ?? "")")
        do throws(OCIError) { return try Reference(parsing: text) } catch {
            throw DeliveryError(.usage, "naming \(name) at the destination: \(error.message)")
        }
    }

    /// Renames that no image has, which are mistakes.
    func unusedRenames(_ names: [Reference]) -> [String] {
        Set(renames.keys).subtracting(names.map(\.repository)).sorted()
    }
}
