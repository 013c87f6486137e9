import OCI

extension ImageFactory {
    static func sharedBase() async throws -> ImageSet {
        let base = try await files(seed: 1, count: 40, size: 20_000)
        let middle = try await files(seed: 2, count: 10, size: 5_000)
        var images = ImageSet()
        for (position, tag) in ["one", "two", "three"].enumerated() {
            let top = try await files(seed: UInt64(10 + position), count: 5, size: 3_000)
            images.add(ImageFixture([base, middle, top]), tag: tag)
        }
        return images
    }

    static func hundredLayers() async throws -> ImageSet {
        var layers: [LayerFixture] = []
        for number in 0..<100 {
            layers.append(
                try await LayerFixture([.directory("layers"), .file("layers/\(number)", "layer \(number)\n")]))
        }
        var images = ImageSet()
        images.add(ImageFixture(layers), tag: "hundred")
        return images
    }

    static func multiPlatform() async throws -> ImageSet {
        var images = ImageSet()
        let shared = try await files(seed: 30, count: 3, size: 4_000)
        var manifests: [Descriptor] = []
        let platforms = [
            Platform(os: "linux", architecture: "amd64"), Platform(os: "linux", architecture: "arm64", variant: "v8"),
            Platform(os: "linux", architecture: "arm", variant: "v7"),
        ]
        for (position, platform) in platforms.enumerated() {
            let own = try await files(seed: UInt64(31 + position), count: 4, size: 6_000)
            manifests.append(images.add(ImageFixture([shared, own], platform: platform)))
        }
        manifests.append(attestation(of: manifests[0], in: &images))
        images.addIndex(manifests, tag: "multi")
        return images
    }

    /// As BuildKit writes it: a manifest for no platform, whose one layer is a statement about an image.
    static func attestation(of image: Descriptor, in images: inout ImageSet) -> Descriptor {
        let statement = images.add(
            Array("{\"_type\":\"https://in-toto.io/Statement/v0.1\",\"subject\":[]}".utf8),
            mediaType: MediaType(rawValue: "application/vnd.in-toto+json"))
        let config = images.add(
            Array(
                """
                {"architecture":"unknown","os":"unknown","config":{},"rootfs":{"type":"layers","diff_ids":["\(statement.digest)"]}}
                """.utf8), mediaType: .ociConfig)
        let manifest = images.add(
            ImageFixture.manifest(config: config, layers: [statement]), mediaType: .ociManifest)
        return Descriptor(
            mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.size,
            platform: Platform(os: "unknown", architecture: "unknown"),
            annotations: [
                "vnd.docker.reference.digest": image.digest.description,
                "vnd.docker.reference.type": "attestation-manifest",
            ])
    }

    static func dockerSchema2() async throws -> ImageSet {
        var images = ImageSet()
        let layers = [
            try await files(seed: 40, count: 6, size: 5_000), try await files(seed: 41, count: 2, size: 2_000),
        ]
        images.add(ImageFixture(layers, format: .docker), tag: "schema2")
        var manifests: [Descriptor] = []
        for (position, architecture) in ["amd64", "arm64"].enumerated() {
            let own = try await files(seed: UInt64(42 + position), count: 2, size: 3_000)
            let platform = Platform(os: "linux", architecture: architecture)
            manifests.append(images.add(ImageFixture([layers[0], own], format: .docker, platform: platform)))
        }
        images.addIndex(manifests, mediaType: .dockerIndex, tag: "list")
        return images
    }

    static func bigFiles() async throws -> ImageSet {
        var random = DeterministicRandom(seed: 50)
        var text = random.text(3 << 20)
        var binary = random.bytes(2 << 20)
        var images = ImageSet()
        for tag in ["v1", "v2"] {
            let layer = try await LayerFixture(
                [
                    .directory("opt"), .file("opt/text", text), .file("opt/binary", binary),
                    .file("opt/version", tag + "\n"),
                ], compression: .gzip(level: 1))
            images.add(ImageFixture([layer]), tag: tag)
            // The next version: some bytes come in, some go, some change.
            text.insert(contentsOf: Array("a line that came in\n".utf8), at: 1 << 20)
            text.removeSubrange((2 << 20)..<(2 << 20) + 777)
            binary[1 << 20] ^= 0xFF
        }
        return images
    }

    static func compressions() async throws -> ImageSet {
        let tar = try await files(seed: 60, count: 12, size: 30_000, compression: .none).tar
        var images = ImageSet()
        let table: [(String, LayerFixture.Compression)] = [
            ("none", .none), ("gzip1", .gzip(level: 1)), ("gzip9", .gzip(level: 9)), ("members", .gzipMembers(5)),
            ("zstd", .zstd(level: 3)),
        ]
        for (tag, compression) in table {
            images.add(ImageFixture([try await LayerFixture(tar: tar, compression: compression)]), tag: tag)
        }
        return images
    }
}
