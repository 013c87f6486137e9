public import OCI
public import StrictJSON

/// An index of two platforms with all that people attach to images, as cosign, oras and BuildKit do it.
public struct SignedImages: Sendable {
    /// All documents and blobs; tag `app` is the index, and one of cosign's tags the old signature.
    public private(set) var images = ImageSet()
    /// The index.
    public let root: Descriptor
    /// Its manifests.
    public let amd64: Descriptor, arm64: Descriptor
    /// BuildKit's provenance of `amd64`, which the index lists.
    public let attestation: Descriptor
    /// A signature of the index, an SBOM of `amd64`, a signature of that SBOM, and an SBOM of `arm64`.
    public let signature: Descriptor, sbom: Descriptor, sbomSignature: Descriptor, armSBOM: Descriptor
    /// A signature of the index under a tag alone, with the config of an image for no platform.
    public let cosign: Descriptor

    /// Makes them, always the same ones for a seed.
    public init(seed: UInt64 = 80) async throws {
        let shared = try await ImageFactory.files(seed: seed, count: 2, size: 2_000)
        let own = try await ImageFactory.files(seed: seed + 1, count: 1, size: 2_000)
        amd64 = images.add(ImageFixture([shared]))
        arm64 = images.add(ImageFixture([shared, own], platform: Platform(os: "linux", architecture: "arm64")))
        attestation = ImageFactory.attestation(of: amd64, in: &images)
        root = images.addIndex([amd64, arm64, attestation], tag: "app")
        signature = images.addArtifact(
            type: "application/vnd.cncf.notary.signature", content: Array("signature \(seed)".utf8),
            subject: Self.bare(root), annotations: ["org.example.signer": "release"])
        sbom = images.addArtifact(
            type: "application/spdx+json", content: Array("{\"of\":\"amd64 \(seed)\"}".utf8), subject: Self.bare(amd64))
        sbomSignature = images.addArtifact(
            type: "application/vnd.cncf.notary.signature", content: Array("of the SBOM \(seed)".utf8),
            subject: Self.bare(sbom))
        armSBOM = images.addArtifact(
            type: "application/spdx+json", content: Array("{\"of\":\"arm64 \(seed)\"}".utf8), subject: Self.bare(arm64))
        let payload = images.add(
            Array("{\"critical\":\"\(seed)\"}".utf8),
            mediaType: MediaType(rawValue: "application/vnd.dev.cosign.simplesigning.v1+json"))
        let config = images.add(
            Array(
                """
                {"architecture":"","created":"0001-01-01T00:00:00Z","os":"","config":{},\
                "rootfs":{"type":"layers","diff_ids":["\(payload.digest)"]}}
                """.utf8), mediaType: .ociConfig)
        cosign = images.add(ImageFixture.manifest(config: config, layers: [payload]), mediaType: .ociManifest)
        images.name(cosign, tag: ReferrerTag.cosign("sig", of: root.digest))
    }

    /// What each list must name, by what it is about.
    public var lists: [Digest: [Descriptor]] {
        [
            root.digest: [signature], amd64.digest: [sbom], arm64.digest: [armSBOM], sbom.digest: [sbomSignature],
        ]
    }

    /// The list of what points to a digest, with what lists say of each entry.
    public func list(of subject: Digest) -> [UInt8] {
        Self.list((lists[subject] ?? []).map { entry($0) })
    }

    /// An index of entries.
    public static func list(_ entries: [JSONValue]) -> [UInt8] {
        JSONWriter.canonical(
            .object([
                "schemaVersion": .integer(2), "mediaType": .string(MediaType.ociIndex.rawValue),
                "manifests": .array(entries),
            ]))
    }

    /// What a list says of a referrer.
    public func entry(_ descriptor: Descriptor) -> JSONValue {
        let node = images.blobs[descriptor.digest].flatMap { try? JSONNode(parsing: $0) }
        return .object([
            "annotations": (try? node?.optional("annotations"))??.value,
            "artifactType": (try? node?.optional("artifactType"))??.value,
            "digest": .string(descriptor.digest.description), "mediaType": .string(descriptor.mediaType.rawValue),
            "size": .integer(descriptor.size),
        ])
    }

    private static func bare(_ descriptor: Descriptor) -> Descriptor {
        Descriptor(mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size)
    }
}

extension LyingRegistry {
    /// Serves signed images in a repository, with the API that lists referrers or with the tags that stand for it.
    public func serve(_ signed: SignedImages, repository: String, hasAPI: Bool) {
        serve(signed.images, repository: repository)
        for (subject, referrers) in signed.lists {
            for referrer in referrers {
                serve(
                    document: signed.images.blobs[referrer.digest] ?? [], mediaType: referrer.mediaType,
                    repository: repository)
            }
            let list = signed.list(of: subject)
            if hasAPI {
                serve(
                    Resource(list, headers: ["Content-Type": MediaType.ociIndex.rawValue]),
                    at: Self.referrersPath(repository, subject))
            } else {
                serve(
                    document: list, mediaType: .ociIndex, repository: repository, tags: [ReferrerTag.list(of: subject)])
            }
        }
    }

    /// The path of the API that lists referrers.
    public static func referrersPath(_ repository: String, _ subject: Digest) -> String {
        "/v2/\(repository)/referrers/\(subject)"
    }
}

extension Push {
    /// Puts signed images into a repository with the tags that list what points to them, as oras does where there is no API.
    public static func requests(_ signed: SignedImages, as repository: String, to registry: DockerRegistry) async throws
    {
        var images = signed.images
        for name in images.names {
            try await requests(images, tag: name.tag, as: "\(repository):\(name.tag)", to: registry)
        }
        for (subject, referrers) in signed.lists {
            for referrer in referrers {
                images.name(referrer, tag: referrer.digest.hex)
                try await requests(images, tag: referrer.digest.hex, as: repository, to: registry)
            }
            let tag = ReferrerTag.list(of: subject)
            images.name(images.add(signed.list(of: subject), mediaType: .ociIndex), tag: tag)
            try await requests(images, tag: tag, as: "\(repository):\(tag)", to: registry)
        }
    }
}
