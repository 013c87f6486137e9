public import OCI

/// Builds the images that tests need, in code and always the same.
public enum ImageFactory {
    /// Ready-made sets of images.
    public enum Scenario: String, CaseIterable, Sendable {
        /// Tags `one`, `two`, `three`: three images on the same two layers.
        case sharedBase
        /// Tag `everything`: whiteouts, links, attributes, devices, an empty layer, long names, long zeros.
        case everything
        /// Tag `hundred`: an image of 100 small layers.
        case hundredLayers
        /// Tag `multi`: an index of amd64, arm64 and arm/v7 images and an attestation manifest.
        case multiPlatform
        /// Tags `schema2` and `list`: an image and a manifest list with docker's media types.
        case dockerSchema2
        /// Tags `v1` and `v2`: files of a few MiB, of which the second version differs slightly.
        case bigFiles
        /// Tags `none`, `gzip1`, `gzip9`, `members`, `zstd`: one tar in each compression.
        case compressions
    }

    /// The images of a scenario.
    public static func make(_ scenario: Scenario) async throws -> ImageSet {
        switch scenario {
        case .sharedBase: try await sharedBase()
        case .everything: try await everything()
        case .hundredLayers: try await hundredLayers()
        case .multiPlatform: try await multiPlatform()
        case .dockerSchema2: try await dockerSchema2()
        case .bigFiles: try await bigFiles()
        case .compressions: try await compressions()
        }
    }

    /// Writes the images of a scenario as OCI image layout and gives them.
    @discardableResult
    public static func write(_ scenario: Scenario, to directory: String) async throws -> ImageSet {
        let images = try await make(scenario)
        try images.write(to: directory)
        return images
    }

    /// The smallest image: one layer with one text file.
    public static func small(
        seed: UInt64 = 1, format: ImageFixture.Format = .oci,
        platform: Platform = Platform(os: "linux", architecture: "amd64")
    ) async throws -> ImageFixture {
        ImageFixture([try await files(seed: seed, count: 1, size: 2000)], format: format, platform: platform)
    }

    /// A layer of text and binary files.
    public static func files(
        seed: UInt64, count: Int, size: Int, compression: LayerFixture.Compression = .gzip(level: 6)
    ) async throws -> LayerFixture {
        var random = DeterministicRandom(seed: seed)
        let folder = "usr/share/s\(seed)"
        var entries = [TarFixture.Entry.directory("usr"), .directory("usr/share"), .directory(folder)]
        for position in 0..<count {
            let length = size / 2 + Int(random.next() % UInt64(size))
            let content = position % 3 == 2 ? random.bytes(length) : random.text(length)
            entries.append(.file("\(folder)/file-\(position)", content))
        }
        return try await LayerFixture(entries, compression: compression)
    }
}
