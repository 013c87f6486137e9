import OCI
import StrictJSON
import Testing

@Suite struct DescriptorTests {
    private static let digest = DocumentFixture.digest("a")

    private func parse(_ text: String) throws -> Descriptor {
        try Descriptor(json: JSONNode(parsing: Array(text.utf8)))
    }

    private func parse(_ members: [String: String]) throws -> Descriptor {
        try parse("{" + members.map { "\"\($0.key)\":\($0.value)" }.sorted().joined(separator: ",") + "}")
    }

    private let good = ["mediaType": "\"a/b\"", "digest": "\"\(digest)\"", "size": "5"]

    @Test func jsonComesBack() throws {
        let digest = try Digest(parsing: Self.digest)
        let descriptors = [
            Descriptor(mediaType: .ociLayer, digest: digest, size: 0),
            Descriptor(
                mediaType: .ociManifest, digest: digest, size: Descriptor.maximumSize,
                platform: Platform(os: "linux", architecture: "arm", variant: "v7"), annotations: ["b": "2", "a": ""]),
        ]
        for descriptor in descriptors { #expect(try Descriptor(json: JSONNode(descriptor.json)) == descriptor) }
        #expect(
            String(decoding: JSONWriter.canonical(descriptors[0].json), as: UTF8.self)
                == "{\"digest\":\"\(Self.digest)\","
                + "\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"size\":0}\n"
        )
    }

    @Test func unknownMembersAreAllowed() throws {
        let members = good.merging([
            "urls": "[\"https://example.com\"]", "data": "\"e30=\"", "artifactType": "\"a/b\"", "x": "{\"y\":[]}",
            "platform": "null", "annotations": "{\"k\":\"v\"}",
        ]) { $1 }
        let descriptor = try parse(members)
        #expect(descriptor.annotations == ["k": "v"])
        #expect(descriptor.platform == nil)
        #expect(descriptor.size == 5)
        #expect(descriptor.mediaType.rawValue == "a/b")
    }

    @Test(arguments: [
        ("size", "-1"), ("size", "1.0"), ("size", "1e3"), ("size", "\"5\""), ("size", "null"),
        ("size", "9007199254740993"),
        ("size", "9223372036854775808"), ("size", "-0"), ("size", "[]"), ("mediaType", "null"), ("mediaType", "5"),
        ("digest", "null"), ("digest", "7"), ("digest", "{}"), ("platform", "[]"), ("platform", "{}"),
        ("platform", "\"linux\""),
        ("platform", "{\"os\":\"linux\"}"), ("annotations", "[]"), ("annotations", "{\"k\":1}"),
        ("annotations", "{\"k\":null}"),
    ]) func refusesAMember(name: String, value: String) {
        #expect(throws: OCIError(.invalidDocument, ""), "\(name)") { _ = try parse(good.merging([name: value]) { $1 }) }
    }

    @Test(arguments: ["size", "mediaType", "digest"]) func refusesAnAbsentMember(name: String) {
        #expect(throws: OCIError(.invalidDocument, "")) { _ = try parse(good.filter { $0.key != name }) }
    }

    @Test(arguments: ["", "sha512:00", "sha256:00", digest.uppercased(), digest + " "])
    func refusesADigest(text: String) {
        #expect(throws: OCIError(.invalidDigest, "")) { _ = try parse(good.merging(["digest": "\"\(text)\""]) { $1 }) }
    }

    @Test(arguments: ["[]", "null", "\"x\"", "1", "{}"]) func refusesWhatIsNoObject(text: String) {
        #expect(throws: OCIError(.invalidDocument, "")) { _ = try parse(text) }
    }
}
