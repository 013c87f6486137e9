import OCI
import Testing

@Suite struct ImageConfigTests {
    private func parse(_ text: String) throws(OCIError) -> ImageConfig { try ImageConfig(parsing: Array(text.utf8)) }

    @Test func readsWhatIsNeeded() throws {
        let one = DocumentFixture.digest("1")
        let two = DocumentFixture.digest("2")
        let config = try parse(
            "{\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":\"v7\",\"created\":\"2024-01-02T03:04:05.678Z\","
                + "\"config\":{\"Env\":[\"A=b\"]},\"history\":[{\"empty_layer\":true}],"
                + "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"\(one)\",\"\(two)\",\"\(one)\"]}}")
        #expect(config.platform == Platform(os: "linux", architecture: "arm", variant: "v7"))
        #expect(config.created == "2024-01-02T03:04:05.678Z")
        #expect(config.diffIDs.map(\.description) == [one, two, one])
    }

    @Test(arguments: [
        #"{"rootfs":{}}"#, #"{"rootfs":{"diff_ids":null}}"#,
        #"{"rootfs":{"type":"layers","diff_ids":[]},"created":null,"variant":""}"#,
    ]) func whatIsAbsentIsEmpty(text: String) throws {
        let config = try parse(text)
        #expect(config.diffIDs.isEmpty)
        #expect(config.created == nil)
        #expect(config.platform == Platform(os: "", architecture: ""))
    }

    @Test(arguments: [
        "", "{}", "[]", "null", #"{"rootfs":null}"#, #"{"rootfs":[]}"#, #"{"rootfs":{"diff_ids":{}}}"#,
        #"{"rootfs":{"diff_ids":[1]}}"#,
        #"{"rootfs":{"diff_ids":[null]}}"#, #"{"rootfs":{},"os":1}"#, #"{"rootfs":{},"architecture":[]}"#,
        #"{"rootfs":{},"created":5}"#,
        #"{"rootfs":{},"rootfs":{}}"#, #"{"rootfs":{}}x"#, #"{"rootfs":{},"variant":7}"#,
    ]) func refusesWhatIsNoConfig(text: String) {
        #expect(throws: OCIError(.invalidDocument, "")) { _ = try parse(text) }
    }

    @Test(arguments: ["", "sha256:", "sha512:00"]) func refusesADiffID(text: String) {
        #expect(throws: OCIError(.invalidDigest, "")) { _ = try parse("{\"rootfs\":{\"diff_ids\":[\"\(text)\"]}}") }
    }

    @Test func hugeConfigsAreRefused() {
        let text = "{\"rootfs\":{}}" + String(repeating: " ", count: ImageDocument.maximumSize)
        #expect(throws: OCIError(.invalidDocument, "")) { _ = try parse(text) }
    }
}
