// modules: StrictJSON OCI

/// What is read as a reference is written so that it is read again as the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    guard let reference = try? Reference(parsing: text) else { return 0 }
    guard let again = try? Reference(parsing: reference.description), again == reference else {
        fatalError("\(reference) is not read again")
    }
    return 0
}
