// modules: StrictJSON OCI

/// No document makes the reader crash, and none is read both as an index and as a manifest.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let index = try? ImageDocument(parsing: bytes, mediaType: .ociIndex)
    let manifest = try? ImageDocument(parsing: bytes, mediaType: .ociManifest)
    guard index == nil || manifest == nil else { fatalError("one document has two meanings") }
    _ = try? ImageConfig(parsing: bytes)
    return 0
}
