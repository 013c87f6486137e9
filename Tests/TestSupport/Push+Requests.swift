public import OCI

extension Push {
    /// Puts exactly these bytes into a repository as a blob, unless it is there.
    ///
    /// Spec: distribution-spec v1.1 § POST then PUT.
    public static func putBlob(
        _ bytes: [UInt8], digest: Digest, repository: String, to registry: DockerRegistry
    ) async throws {
        let address = "\(registry.origin)/v2/\(repository)/blobs/"
        let head = try await request(registry, ["--head", address + digest.description])
        guard head.code != 200 else { return }
        let start = try await request(registry, ["--request", "POST", "--data", "", address + "uploads/"])
        guard start.code == 202, let location = start.location else {
            throw CommandError(
                .failed, "the registry answered \(start.code) to the start of an upload to \(repository)")
        }
        let target = location + (location.contains("?") ? "&" : "?") + "digest=" + digest.description
        let end = try await request(
            registry,
            [
                "--request", "PUT", "--header", "Content-Type: application/octet-stream", "--data-binary", "@-", target,
            ], input: bytes)
        guard end.code == 201 else {
            throw CommandError(
                .failed, "the registry answered \(end.code) to blob \(digest) of \(repository): \(end.body)")
        }
    }

    /// Puts exactly these bytes into a repository as a manifest or index of any media type, under a tag or its digest.
    public static func putManifest(
        _ bytes: [UInt8], mediaType: MediaType, repository: String, reference: String, to registry: DockerRegistry
    ) async throws {
        let answer = try await request(
            registry,
            [
                "--request", "PUT", "--header", "Content-Type: \(mediaType)", "--data-binary", "@-",
                "\(registry.origin)/v2/\(repository)/manifests/\(reference)",
            ], input: bytes)
        guard answer.code == 201 else {
            throw CommandError(
                .failed, "the registry answered \(answer.code) to \(repository) \(reference): \(answer.body)")
        }
    }

    /// The digest that the registry says a tag has.
    public static func digest(of name: String, in registry: DockerRegistry) async throws -> Digest {
        let parts = name.split(separator: ":", maxSplits: 1).map(String.init)
        let types: [MediaType] = [.ociIndex, .ociManifest, .dockerIndex, .dockerManifest]
        let answer = try await request(
            registry,
            ["--head", "--header", "Accept: " + types.map(\.rawValue).joined(separator: ", ")]
                + ["\(registry.origin)/v2/\(parts[0])/manifests/\(parts.count == 2 ? parts[1] : "latest")"])
        guard answer.code == 200, let digest = answer.header("docker-content-digest") else {
            throw CommandError(.failed, "the registry answered \(answer.code) to the question for \(name)")
        }
        return try Digest(parsing: digest)
    }

    private struct Answer {
        let code: Int
        let headers: [Substring]
        let body: String

        func header(_ name: String) -> String? {
            headers.first { $0.lowercased().hasPrefix(name + ":") }
                .map { String($0.dropFirst(name.utf8.count + 1).drop { $0 == " " }) }
        }

        var location: String? { header("location") }
    }

    private static func request(
        _ registry: DockerRegistry, _ arguments: [String], input: [UInt8] = []
    ) async throws -> Answer {
        var options = ["--silent", "--show-error", "--include", "--noproxy", "*", "--header", "Expect:"]
        if let file = registry.authorityFile { options += ["--cacert", file] }
        if let credentials = registry.credentials {
            options += ["--user", credentials.username + ":" + credentials.password]
        }
        let text = try await Command("curl", options + arguments, input: input).check().outputText
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\r\n" || $0 == "\n" }
        let code = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return Answer(
            code: code, headers: Array(lines.prefix { !$0.isEmpty }),
            body: lines.drop { !$0.isEmpty }.joined(separator: "\n"))
    }
}
