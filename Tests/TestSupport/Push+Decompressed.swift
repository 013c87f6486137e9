extension Push {
    /// Pushes a tag of a layout with uncompressed layers: skopeo writes them to a directory, and pushes that as it is.
    ///
    /// The manifest is another one than in the layout.
    public static func decompressed(
        _ layout: String, tag: String, as name: String, to registry: DockerRegistry
    ) async throws {
        let directory = try TemporaryDirectory()
        let policy = try directory.write(
            "{\"default\":[{\"type\":\"insecureAcceptAnything\"}]}", to: "policy.json")
        let plain = "dir:" + directory.path("plain")
        let skopeo = ["--policy", policy, "copy", "--quiet"]
        try await Command("skopeo", skopeo + ["--dest-decompress", "oci:\(layout):\(tag)", plain]).check()
        try await Command(
            "skopeo",
            skopeo + [
                "--preserve-digests", "--dest-tls-verify=false", plain,
                "docker://" + registry.reference(name),
            ]
        ).check()
    }
}
