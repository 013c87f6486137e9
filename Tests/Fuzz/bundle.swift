// modules: StrictJSON OCI Deflate Gzip
// files: BundleFormat/BundleError.swift BundleFormat/BundleLayout.swift BundleFormat/Documents BundleFormat/Filter BundleFormat/Index DurableFiles/FileError.swift
// library: CISAL CZlib

/// What a reader accepts has one spelling only: writing it again gives the same bytes.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    if let statement = try? Statement(parsing: bytes), statement.bytes() != bytes {
        fatalError("two statements are one")
    }
    if let checksums = try? ChecksumList(parsing: bytes), checksums.bytes() != bytes { fatalError("two lists are one") }
    if let manifest = try? BundleManifest(parsing: bytes), manifest.bytes() != bytes {
        fatalError("two manifests are one")
    }
    let pack = BundlePack(digest: Digest(bytes: repeatElement(0, count: 32)), size: 1000)
    for packs in [[], [pack]] {
        if let index = try? FrameIndex(parsing: bytes, packs: packs), index.bytes() != bytes {
            fatalError("two indexes are one")
        }
    }
    var filtered = FrameFilter.x86.applied(to: bytes)
    filtered.withUnsafeMutableBytes { FrameFilter.x86.undo(in: $0) }
    if filtered != bytes { fatalError("a filter is not undone") }
    return 0
}
