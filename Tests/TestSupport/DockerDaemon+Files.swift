import OCI

extension DockerDaemon {
    /// Compares every file below some folders of an image with what its layers, which do not overlap, hold.
    ///
    /// - Parameters:
    ///   - image: Its name or ID.
    ///   - layers: Its layers.
    ///   - folders: The folders at the top that the layers have.
    ///   - runs: Whether a container of it is run, which must say what `ImageFactory.program` says.
    /// - Returns: What differs; nil when nothing does.
    /// - Throws: `CommandError`.
    public func difference(
        _ image: String, from layers: [LayerFixture], in folders: [String] = ["usr"], runs: Bool = false
    ) async throws -> String? {
        let directory = try TemporaryDirectory()
        for layer in layers { try directory.write(layer.tar, to: "\(layer.digest.hex).tar") }
        let container = try await docker("create", "--network=none", "--pull=never", image)
        if runs {
            let output = try await docker("start", "--attach", container)
            guard output == "it runs" else { return "it printed '\(output)'" }
        }
        // Not by 'export', after which docker 26 holds the image's layers until it is started again.
        try directory.makeDirectory("found")
        for folder in folders { try await docker("cp", container + ":/" + folder, directory.path("found/" + folder)) }
        try await docker("rm", container)
        let tars = layers.map { $0.digest.hex + ".tar" }.joined(separator: " ")
        let names = folders.joined(separator: " ")
        let script = """
            mkdir wanted && for tar in \(tars); do tar -xf $tar -C wanted || exit 2; done &&
            test -n "$(find wanted -type f)" &&
            for name in \(names); do diff -rq wanted/$name found/$name || exit 1; done
            """
        let result = try await Command("sh", ["-c", script], workingDirectory: directory.path).run()
        return result.status == .exited(0) ? nil : "\(image): \(result.outputText)\(result.errorText)"
    }
}
