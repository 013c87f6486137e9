import OCI
import Testing

@Suite struct ImageDocumentTests {
    typealias Fixture = DocumentFixture

    @Test(arguments: [MediaType.ociManifest, .dockerManifest]) func readsAManifest(mediaType: MediaType) throws {
        for written in [nil, mediaType.rawValue] {
            guard case .manifest(let manifest) = try Fixture.parse(Fixture.manifest(mediaType: written), mediaType)
            else {
                Issue.record("no manifest")
                return
            }
            #expect(manifest.config.digest.description == Fixture.digest("c"))
            #expect(manifest.layers.map(\.digest.description) == [Fixture.digest("1"), Fixture.digest("2")])
            #expect(manifest.layers.map(\.size) == [10, 0])
        }
    }

    @Test(arguments: [MediaType.ociIndex, .dockerIndex]) func readsAnIndex(mediaType: MediaType) throws {
        let text = Fixture.index([
            Fixture.descriptor(.ociManifest, "a", platform: "linux/amd64"), Fixture.descriptor(.dockerManifest, "b"),
        ])
        guard case .index(let index) = try Fixture.parse(text, mediaType) else {
            Issue.record("no index")
            return
        }
        #expect(index.manifests.map(\.digest.description) == [Fixture.digest("a"), Fixture.digest("b")])
        #expect(index.manifests.map(\.platform) == [Platform(os: "linux", architecture: "amd64"), nil])
    }

    @Test func unknownMembersAndNoLayersAreAllowed() throws {
        let extra =
            ",\"annotations\":{\"a\":\"b\"},"
            + "\"subject\":\(Fixture.descriptor(.ociManifest, "9")),\"artifactType\":\"a/b\","
            + "\"x\":[1.5]"
        _ = try Fixture.parse(Fixture.manifest(extra: extra), .ociManifest)
        let text =
            "{\"schemaVersion\":2,\"config\":\(Fixture.descriptor(.ociConfig, "c")),\"layers\":[],\"mediaType\":null}"
        guard case .manifest(let manifest) = try Fixture.parse(text, .ociManifest) else {
            Issue.record("no manifest")
            return
        }
        #expect(manifest.layers.isEmpty)
        _ = try Fixture.parse(Fixture.index([]), .ociIndex)
    }

    @Test(arguments: ["\"layers\":[]", "\"config\":{}", "\"fsLayers\":[]", "\"layers\":null", "\"config\":null"])
    func anIndexThatIsAlsoAManifestIsRefused(member: String) {
        let text = Fixture.index([]).dropLast() + ",\(member)}"
        for mediaType in [MediaType.ociIndex, .dockerIndex, .ociManifest, .dockerManifest] {
            #expect(throws: OCIError(.invalidDocument, "")) { _ = try Fixture.parse(String(text), mediaType) }
        }
    }

    @Test(arguments: ["Layers", "CONFIG", "Manifests", "fslayers", "MediaType", "schemaversion"])
    func aMemberThatDiffersFromAKnownOneInCaseOnlyIsRefused(name: String) {
        #expect(throws: OCIError(.invalidDocument, "")) {
            _ = try Fixture.parse(Fixture.manifest(extra: ",\"\(name)\":[]"), .ociManifest)
        }
    }

    @Test(arguments: [",\"manifests\":[]", ",\"manifests\":null", ",\"layers\":[]", ",\"schemaVersion\":2"])
    func aManifestThatCouldBeReadTwiceIsRefused(extra: String) {
        for mediaType in [MediaType.ociManifest, .ociIndex] {
            #expect(throws: OCIError(.invalidDocument, "")) {
                _ = try Fixture.parse(Fixture.manifest(extra: extra), mediaType)
            }
        }
    }

    @Test(arguments: [
        (MediaType.dockerManifest.rawValue, MediaType.ociManifest), (MediaType.ociManifest.rawValue, .dockerManifest),
        (MediaType.ociIndex.rawValue, .ociManifest), (MediaType.ociManifest.rawValue, .ociIndex), ("", .ociManifest),
        (MediaType.ociManifest.rawValue + "; charset=utf-8", .ociManifest),
        (MediaType.ociManifest.rawValue.uppercased(), .ociManifest),
        (MediaType.ociManifest.rawValue + " ", .ociManifest),
    ]) func anotherMediaTypeThanReferredToIsRefused(written: String, referred: MediaType) {
        #expect(throws: OCIError(.invalidDocument, "")) {
            _ = try Fixture.parse(Fixture.manifest(mediaType: written), referred)
        }
    }

    @Test(arguments: [
        MediaType.ociConfig, .ociLayer, MediaType(rawValue: ""), MediaType(rawValue: "application/json"),
        MediaType(rawValue: "application/vnd.docker.distribution.manifest.v1+json"),
        MediaType(rawValue: "application/vnd.docker.distribution.manifest.v1+prettyjws"),
        MediaType(rawValue: "application/vnd.oci.artifact.manifest.v1+json"),
        MediaType(rawValue: MediaType.ociManifest.rawValue + "; charset=utf-8"),
    ]) func otherTypesAreRefused(mediaType: MediaType) {
        #expect(throws: OCIError(.invalidDocument, "")) { _ = try Fixture.parse(Fixture.manifest(), mediaType) }
        #expect(throws: OCIError(.invalidDocument, "")) { _ = try Fixture.parse(Fixture.index([]), mediaType) }
    }

    @Test(arguments: ["1", "0", "3", "2.0", "\"2\"", "null", "-2", "[]"]) func otherSchemasAreRefused(version: String) {
        let text = Fixture.manifest().replacing("\"schemaVersion\":2", with: "\"schemaVersion\":\(version)")
        #expect(throws: OCIError(.invalidDocument, "")) { _ = try Fixture.parse(text, .ociManifest) }
    }

    @Test func schemaOneSaysWhatToDo() throws {
        let text =
            #"{"schemaVersion":1,"name":"a","tag":"b","architecture":"amd64","fsLayers":[],"history":[]}"#
        let error = try #require(throws: OCIError.self) { _ = try Fixture.parse(text, .dockerManifest) }
        #expect(error.code == .invalidDocument)
        #expect(error.message.contains("schema 1"))
    }

    @Test(arguments: [
        "", "null", "[]", "{}", "{\"schemaVersion\":2}", "{\"schemaVersion\":2,\"layers\":[]}",
        "{\"schemaVersion\":2,\"manifests\":{}}",
        "{\"schemaVersion\":2,\"manifests\":null}", "{\"schemaVersion\":2,\"manifests\":[null]}",
        "{\"schemaVersion\":2,\"manifests\":[[]]}",
        "{\"schemaVersion\":2,\"config\":{},\"layers\":[]}", "{\"schemaVersion\":2,\"config\":[],\"layers\":[]}",
    ]) func refusesWhatIsNoDocument(text: String) {
        for mediaType in [MediaType.ociManifest, .ociIndex, .dockerManifest, .dockerIndex] {
            #expect(throws: OCIError(.invalidDocument, "")) { _ = try Fixture.parse(text, mediaType) }
        }
    }

    @Test func refusesTheOtherKindWithoutAMediaType() {
        #expect(throws: OCIError(.invalidDocument, "")) { _ = try Fixture.parse(Fixture.manifest(), .ociIndex) }
        #expect(throws: OCIError(.invalidDocument, "")) { _ = try Fixture.parse(Fixture.index([]), .ociManifest) }
    }

    @Test func aDigestInsideIsCheckedToo() {
        let text = Fixture.manifest().replacing(Fixture.digest("2"), with: "sha256:2")
        #expect(throws: OCIError(.invalidDigest, "")) { _ = try Fixture.parse(text, .ociManifest) }
    }

    @Test func trailingBytesAndHugeDocumentsAreRefused() {
        for suffix in ["{}", "\u{0}", "x", String(repeating: " ", count: ImageDocument.maximumSize)] {
            #expect(throws: OCIError(.invalidDocument, "")) {
                _ = try Fixture.parse(Fixture.manifest() + suffix, .ociManifest)
            }
        }
    }

    @Test func everyCutIsRefused() {
        let bytes = Array(Fixture.manifest(mediaType: MediaType.ociManifest.rawValue).utf8)
        for length in 0..<bytes.count {
            #expect(throws: OCIError(.invalidDocument, "")) {
                _ = try ImageDocument(parsing: Array(bytes[..<length]), mediaType: .ociManifest)
            }
        }
    }
}
