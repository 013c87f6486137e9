// modules: Deflate Gzip
//
// library: CISAL CZlib

/// No bytes make the inflater crash, and what they inflate to depends neither on how they are split nor on the library.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    let cut = count / 2
    let halves = [UnsafeRawBufferPointer(rebasing: bytes[..<cut]), UnsafeRawBufferPointer(rebasing: bytes[cut...])]
    let results = InflateLibrary.allCases.map { library in
        let whole = inflate([bytes], library)
        guard whole == inflate(halves, library) else { fatalError("the split changes the result of \(library)") }
        return whole
    }
    // One may refuse what the other takes; what both take is the same.
    guard Set(results.compactMap(\.self)).count <= 1 else { fatalError("the libraries inflate to different bytes") }
    return 0
}

/// How much comes out, with a running sum of it; nil when it is no gzip.
private func inflate(_ pieces: [UnsafeRawBufferPointer], _ library: InflateLibrary) -> UInt64? {
    var inflater = GzipInflater(library)
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
