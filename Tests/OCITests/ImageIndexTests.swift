import OCI
import Testing

@Suite struct ImageIndexTests {
    private func index(_ platforms: [(platform: String?, mediaType: MediaType)]) throws -> ImageIndex {
        let manifests = platforms.enumerated().map { position, entry in
            DocumentFixture.descriptor(
                entry.mediaType, Character(String(position, radix: 16)), platform: entry.platform)
        }
        guard case .index(let index) = try DocumentFixture.parse(DocumentFixture.index(manifests), .ociIndex) else {
            throw OCIError(.invalidDocument, "no index")
        }
        return index
    }

    private func chosen(_ platforms: [String?], _ wish: String) throws -> Int? {
        let index = try index(platforms.map { ($0, .ociManifest) })
        let manifest = index.manifest(for: try Platform(parsing: wish))
        return index.manifests.firstIndex { $0 == manifest }
    }

    private static let choices: [([String?], String, Int?)] = [
        (["linux/amd64", "linux/arm64"], "linux/arm64", 1), (["linux/amd64"], "linux/arm64", nil),
        ([], "linux/amd64", nil),
        (["linux/arm/v5", "linux/arm/v6", "linux/arm/v7", "linux/arm64/v8"], "linux/arm/v7", 2),
        (["linux/arm/v5", "linux/arm/v6"], "linux/arm/v7", 1), (["linux/arm/v6", "linux/arm/v5"], "linux/arm/v7", 0),
        (["linux/arm/v7"], "linux/arm/v6", nil), (["linux/amd64/v3", "linux/amd64"], "linux/amd64", 1),
        (["linux/amd64/v3", "linux/amd64"], "linux/amd64/v3", 0),
        (["linux/amd64", "linux/amd64/v1"], "linux/amd64", 0),
        (["linux/arm64/v8"], "linux/arm64", 0), ([nil, "linux/amd64"], "linux/amd64", 1), ([nil], "linux/amd64", nil),
        (["unknown/unknown", "linux/amd64", "linux/amd64"], "linux/amd64", 1),
        (["linux/ppc64le/power9", "linux/ppc64le"], "linux/ppc64le", 1), (["windows/amd64"], "linux/amd64", nil),
    ]

    @Test(arguments: choices) func choosesTheBestAndAmongEqualsTheFirst(
        platforms: [String?], wish: String, position: Int?
    ) throws {
        #expect(try chosen(platforms, wish) == position)
    }

    @Test func whatIsNoManifestIsNotChosen() throws {
        let wish = Platform(os: "linux", architecture: "amd64")
        let index = try index([
            ("linux/amd64", .ociIndex), ("linux/amd64", .ociLayer), ("linux/amd64", .dockerManifest),
            ("linux/amd64", .ociManifest),
        ])
        #expect(index.manifest(for: wish) == index.manifests[2])
    }

    @Test func aHostileVariantIsPassedOver() throws {
        #expect(try chosen(["linux/arm/v-9223372036854775808", "linux/arm/v6"], "linux/arm/v7") == 1)
    }
}
