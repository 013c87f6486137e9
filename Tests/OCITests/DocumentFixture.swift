import OCI

/// Descriptors and documents as text, so that tests can break them.
enum DocumentFixture {
    static func digest(_ digit: Character) -> String { "sha256:" + String(repeating: digit, count: 64) }

    static func descriptor(
        _ mediaType: MediaType, _ digit: Character, size: Int = 7, platform: String? = nil
    ) -> String {
        let parts = platform?.split(separator: "/") ?? []
        let names = ["os", "architecture", "variant"]
        let members = zip(names, parts).map { "\"\($0)\":\"\($1)\"" }.joined(separator: ",")
        let suffix = parts.isEmpty ? "" : ",\"platform\":{\(members)}"
        return "{\"mediaType\":\"\(mediaType)\",\"digest\":\"\(digest(digit))\",\"size\":\(size)\(suffix)}"
    }

    static func index(_ manifests: [String]) -> String {
        "{\"schemaVersion\":2,\"manifests\":[\(manifests.joined(separator: ","))]}"
    }

    static func manifest(mediaType: String? = nil, extra: String = "") -> String {
        let written = mediaType.map { ",\"mediaType\":\"\($0)\"" } ?? ""
        return "{\"schemaVersion\":2\(written),\"config\":\(descriptor(.ociConfig, "c")),"
            + "\"layers\":[\(descriptor(.ociLayerGzip, "1", size: 10)),"
            + "\(descriptor(.ociLayerZstd, "2", size: 0))]\(extra)}"
    }

    static func parse(_ text: String, _ mediaType: MediaType) throws(OCIError) -> ImageDocument {
        try ImageDocument(parsing: Array(text.utf8), mediaType: mediaType)
    }
}
