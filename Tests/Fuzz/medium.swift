// modules: BundleLoader/Medium/Labels
// files: DurableFiles/FileError.swift

/// No device makes the readers of labels crash, or read much.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    // The input over and over, in blocks of 2 KiB: so each format finds its bytes where it looks for them.
    var block = Array(UnsafeBufferPointer(start: start, count: count))
    block += [UInt8](repeating: 0, count: (2048 - count % 2048) % 2048)
    var bytesRead = 0
    let contents = DeviceContents(size: 1 << 40) { (offset, count) throws(FileError) in
        bytesRead += count
        return (0..<count).map { block[Int((offset + Int64($0)) % Int64(block.count))] }
    }
    _ = contents.fileSystems()
    guard bytesRead < 400 << 10 else { fatalError("\(bytesRead) bytes were read") }
    return 0
}
