public import OCI

/// Ways to get images of a layout into a registry: those that people use, and bare requests for exact bytes.
public enum Push {
    /// Copies a tag of a layout with skopeo; every digest stays.
    ///
    /// Debian 12's skopeo finds no docker manifest in a layout: `requests` pushes those, or here `keepsDigests: false`
    /// with the options `--format v2s2` makes one of an OCI manifest.
    ///
    /// - Parameters:
    ///   - layout: The directory of an OCI image layout.
    ///   - tag: The tag in the layout.
    ///   - name: Where to, as `repository:tag`.
    ///   - registry: The registry.
    ///   - keepsDigests: Whether skopeo must not change a byte of the manifests.
    ///   - options: Further options of `skopeo copy`.
    /// - Throws: `CommandError`.
    public static func skopeo(
        _ layout: String, tag: String, as name: String, to registry: DockerRegistry, keepsDigests: Bool = true,
        options: [String] = []
    ) async throws {
        var arguments = ["copy", "--quiet", "--dest-tls-verify=false"]
        if keepsDigests { arguments += ["--all", "--preserve-digests"] }
        if let credentials = registry.credentials {
            arguments += ["--dest-creds", credentials.username + ":" + credentials.password]
        }
        arguments += options + ["oci:\(layout):\(tag)", "docker://" + registry.reference(name)]
        try await withPolicy { policy in
            try await Command("skopeo", ["--policy", policy] + arguments).check()
        }
    }

    /// Loads a tag of a layout into docker and pushes it, which compresses the layers anew.
    public static func docker(
        _ layout: String, tag: String, as name: String, to registry: DockerRegistry, daemon: DockerDaemon
    ) async throws {
        let directory = try TemporaryDirectory()
        let archive = directory.path("image.tar")
        let reference = registry.reference(name)
        try await withPolicy { policy in
            try await Command(
                "skopeo",
                [
                    "--policy", policy, "copy", "--quiet", "oci:\(layout):\(tag)",
                    "docker-archive:\(archive):\(reference)",
                ]
            ).check()
        }
        try await daemon.docker("load", "--input", archive)
        if let credentials = registry.credentials {
            try await daemon.docker(
                "login", "--username", credentials.username, "--password-stdin", registry.host,
                input: Array(credentials.password.utf8))
        }
        try await daemon.docker("push", "--quiet", reference)
    }

    /// Pulls a tag of a layout into storage of its own with podman and pushes it, which compresses the layers anew.
    public static func podman(
        _ layout: String, tag: String, as name: String, to registry: DockerRegistry, options: [String] = []
    ) async throws {
        let directory = try TemporaryDirectory()
        try await withPolicy { policy in
            let storage = [
                "--root", directory.path("root"), "--runroot", directory.path("run"), "--tmpdir", directory.path("tmp"),
            ]
            let pull = Command(
                "podman", storage + ["pull", "--quiet", "--signature-policy", policy, "oci:\(layout):\(tag)"])
            let imageID = try await pull.check().outputText.split(separator: "\n").last.map(String.init) ?? ""
            var arguments = ["push", "--quiet", "--tls-verify=false", "--signature-policy", policy]
            if let credentials = registry.credentials {
                arguments += ["--creds", credentials.username + ":" + credentials.password]
            }
            arguments += options + [imageID, "docker://" + registry.reference(name)]
            try await Command("podman", storage + arguments).check()
            try await Command("podman", storage + ["rmi", "--all", "--force"]).check()
        }
    }

    /// Puts everything that a tag of a set stands for into a registry by bare requests, exactly as it is.
    ///
    /// - Returns: What names the document, so that tests can ask for it by digest.
    @discardableResult
    public static func requests(
        _ images: ImageSet, tag: String, as name: String, to registry: DockerRegistry
    ) async throws -> Descriptor {
        guard let root = images.descriptor(tag: tag) else {
            throw CommandError(.failed, "the set of images has no tag '\(tag)'")
        }
        let parts = name.split(separator: ":", maxSplits: 1).map(String.init)
        try await put(root, as: parts.count == 2 ? parts[1] : nil, of: images, repository: parts[0], to: registry)
        return root
    }

    /// What a document names comes before it, as registries demand.
    private static func put(
        _ descriptor: Descriptor, as tag: String?, of images: ImageSet, repository: String, to registry: DockerRegistry
    ) async throws {
        guard let bytes = images.blobs[descriptor.digest] else { return }
        switch try ImageDocument(parsing: bytes, mediaType: descriptor.mediaType) {
        case .index(let index):
            for manifest in index.manifests {
                try await put(manifest, as: nil, of: images, repository: repository, to: registry)
            }
        case .manifest(let manifest):
            for blob in [manifest.config] + manifest.layers {
                guard let bytes = images.blobs[blob.digest] else { continue }
                try await putBlob(bytes, digest: blob.digest, repository: repository, to: registry)
            }
        }
        try await putManifest(
            bytes, mediaType: descriptor.mediaType, repository: repository,
            reference: tag ?? descriptor.digest.description, to: registry)
    }

    /// Hands out a file with a policy that accepts every image, as a bare machine has none.
    private static func withPolicy(_ body: (String) async throws -> Void) async throws {
        let directory = try TemporaryDirectory()
        try await body(
            try directory.write("{\"default\":[{\"type\":\"insecureAcceptAnything\"}]}", to: "policy.json"))
    }
}
