import OCI
import Testing

@Suite struct MediaTypeTests {
    @Test(arguments: [
        (MediaType.ociIndex, "index"), (.dockerIndex, "index"), (.ociManifest, "manifest"),
        (.dockerManifest, "manifest"),
        (.ociConfig, "config"), (.dockerConfig, "config"), (.ociLayer, ""), (.dockerLayerGzip, ""),
        (MediaType(rawValue: "application/vnd.oci.empty.v1+json"), ""),
        (MediaType(rawValue: "application/vnd.in-toto+json"), ""),
        (MediaType(rawValue: ""), ""), (MediaType(rawValue: "Application/vnd.oci.image.index.v1+json"), ""),
    ]) func isOfOneKind(mediaType: MediaType, kind: String) {
        #expect(mediaType.isIndex == (kind == "index"))
        #expect(mediaType.isManifest == (kind == "manifest"))
        #expect(mediaType.isImageConfig == (kind == "config"))
    }

    @Test(arguments: [
        ("application/vnd.oci.image.layer.v1.tar", LayerCompression.uncompressed as LayerCompression?),
        ("application/vnd.oci.image.layer.v1.tar+gzip", .gzip), ("application/vnd.oci.image.layer.v1.tar+zstd", .zstd),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar", .uncompressed),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", .gzip),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", .zstd),
        ("application/vnd.docker.image.rootfs.diff.tar", .uncompressed),
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", .gzip),
        ("application/vnd.docker.image.rootfs.diff.tar.zstd", .zstd),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", .gzip),
        ("application/vnd.oci.image.layer.v1.tar+bzip2", nil), ("application/vnd.oci.image.config.v1+json", nil),
        ("application/octet-stream", nil), ("", nil), ("application/vnd.oci.image.layer.v1.tar+gzip; x=y", nil),
        ("application/vnd.in-toto+json", nil), ("application/vnd.oci.image.layer.v1.tar+encrypted", nil),
    ]) func layersNameTheirCompression(text: String, compression: LayerCompression?) {
        let mediaType = MediaType(rawValue: text)
        #expect(mediaType.layerCompression == compression)
        #expect(mediaType.description == text)
    }

    @Test func errorsAreEqualWhenTheirCodesAre() {
        #expect(OCIError(.invalidDigest, "a") == OCIError(.invalidDigest, "b"))
        #expect(OCIError(.invalidDigest, "a") != OCIError(.invalidReference, "a"))
        #expect(OCIError(.invalidDigest, "a").description == "a")
    }
}
