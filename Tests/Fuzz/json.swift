// modules: StrictJSON

/// What the parser accepts, the writer must write, and both must agree ever after.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let value = try? JSONParser().parse(bytes) else { return 0 }
    let canonical = JSONWriter.canonical(value)
    guard let again = try? JSONParser().parse(canonical) else { fatalError("the canonical form is refused") }
    guard JSONWriter.canonical(again) == canonical else { fatalError("the canonical form is not stable") }
    return 0
}
