import OCI
import Testing

/// What says that a document points to another one.
@Suite struct ReferrerTests {
    private let digest = DocumentFixture.digest("a")

    @Test func `a subject and an artifact type are read, of manifests and of indexes`() throws {
        let subject = ",\"subject\":" + DocumentFixture.descriptor(.ociIndex, "a")
        let manifest = try DocumentFixture.parse(DocumentFixture.manifest(extra: subject), .ociManifest)
        #expect(manifest.subject?.description == digest)
        #expect(manifest.artifactType == MediaType.ociConfig.rawValue)
        let typed = DocumentFixture.manifest(extra: subject + ",\"artifactType\":\"application/x\"")
        #expect(try DocumentFixture.parse(typed, .ociManifest).artifactType == "application/x")
        let index = DocumentFixture.index([]).dropLast() + subject + "}"
        #expect(try DocumentFixture.parse(String(index), .ociIndex).subject?.description == digest)
        let plain = try DocumentFixture.parse(DocumentFixture.manifest(), .ociManifest)
        #expect(plain.subject == nil)
        let null = try DocumentFixture.parse(DocumentFixture.manifest(extra: ",\"subject\":null"), .ociManifest)
        #expect(null.subject == nil)
    }

    @Test(arguments: [
        #","subject":"sha256:aa""#, #","subject":{}"#, #","Subject":{}"#, #","artifactType":7"#,
        #","subject":{"mediaType":"a","digest":"sha512:00","size":1}"#,
    ])
    func `what may be read in two ways is refused`(extra: String) {
        #expect(throws: OCIError.self) {
            try DocumentFixture.parse(DocumentFixture.manifest(extra: extra), .ociManifest)
        }
    }

    @Test func `tags tell what they are about, and others nothing`() throws {
        let digest = try Digest(parsing: digest)
        #expect(ReferrerTag.listed(by: ReferrerTag.list(of: digest)) == digest)
        for suffix in ReferrerTag.cosignSuffixes {
            let tag = ReferrerTag.cosign(suffix, of: digest)
            #expect(ReferrerTag.signed(by: tag) == digest && ReferrerTag.listed(by: tag) == nil)
            #expect(try Reference(parsing: "a.example/b:" + tag).tag == tag)
        }
        let hex = digest.hex
        for tag in [
            "1.25", "sha256-", "sha256-\(hex).sign", "sha256-\(hex).", "sha256-\(hex.uppercased()).sig", "\(hex).sig",
        ] {
            #expect(ReferrerTag.signed(by: tag) == nil && ReferrerTag.listed(by: tag) == nil, "\(tag)")
        }
        #expect(ReferrerTag.signed(by: "sha256-\(hex).sig.att") == nil)
        #expect(ReferrerTag.signed(by: ReferrerTag.list(of: digest)) == nil)
    }
}
