// modules: Tar

/// Whatever is given, every byte is handed on once and in order, for any split.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    var output: [UInt8] = []
    var scanner = TarScanner()
    let take = { (event: TarScanner.Event) in
        switch event {
        case .metadata(let piece), .content(let piece): output.append(contentsOf: piece)
        case .file, .endOfContent: break
        }
    }
    let cut = count == 0 ? 0 : Int(bytes[0]) * count / 255
    scanner.scan(UnsafeRawBufferPointer(rebasing: bytes[..<cut]), take)
    scanner.scan(UnsafeRawBufferPointer(rebasing: bytes[cut...]), take)
    scanner.finish(take)
    guard output.elementsEqual(bytes) else { fatalError("bytes were lost or changed") }
    return 0
}
