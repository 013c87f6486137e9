// modules: Deflate Gzip
//
// library: CISAL CZlib

/// No bytes make the inflater crash, and what they inflate to does not depend on how they are split.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    let whole = inflate([bytes])
    let cut = count / 2
    let halves = inflate([
        UnsafeRawBufferPointer(rebasing: bytes[..<cut]), UnsafeRawBufferPointer(rebasing: bytes[cut...]),
    ])
    guard whole == halves else { fatalError("the split changes the result") }
    return 0
}

/// How much comes out, with a running sum of it; nil when it is no gzip.
private func inflate(_ pieces: [UnsafeRawBufferPointer]) -> UInt64? {
    var inflater = GzipInflater()
    var sum: UInt64 = 0
    do {
        for piece in pieces {
            try inflater.inflate(piece) { output in for byte in output { sum = sum &* 31 &+ UInt64(byte) &+ 1 } }
        }
        try inflater.finish()
        return sum
    } catch {
        return nil
    }
}
