// modules: Deflate Gzip
//
// library: CISAL CZlib

/// No content makes an encoder crash, what it makes does not depend on how the content is split, and inflates to it again.
///
/// The first two bytes choose the encoder, its level and where the content is split.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    guard bytes.count >= 2 else { return 0 }
    let encodings = DeflateEncoding.Encoder.allCases.flatMap { encoder in
        encoder.levels.sorted().flatMap { level in
            [DeflateEncoding(encoder, level: level), DeflateEncoding(encoder, level: level, blockSize: 32 << 10)]
                .compactMap(\.self)
        }
    }
    let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
    guard let encoding = GzipEncoding(header: header, deflate: encodings[Int(bytes[0]) % encodings.count]) else {
        fatalError("the header is one")
    }
    // Small inputs say little about windows: the content comes three times, far apart.
    let piece = Array(bytes.dropFirst(2))
    let content = piece + [UInt8](repeating: bytes[1], count: 40_000) + piece + piece
    let blob = encode(content, encoding, split: content.count)
    guard encode(content, encoding, split: 1 + Int(bytes[1]) * 37 % content.count) == blob else {
        fatalError("the split changes the result")
    }
    var inflater = GzipInflater()
    var inflated: [UInt8] = []
    do {
        try blob.withUnsafeBytes { try inflater.inflate($0) { inflated += $0 } }
        try inflater.finish()
    } catch {
        fatalError("what was made is no gzip: \(error)")
    }
    guard inflated == content else { fatalError("something else comes back") }
    return 0
}

private func encode(_ content: [UInt8], _ encoding: GzipEncoding, split: Int) -> [UInt8] {
    var encoder = GzipEncoder(encoding)
    var blob: [UInt8] = []
    content.withUnsafeBytes { bytes in
        encoder.append(UnsafeRawBufferPointer(rebasing: bytes[..<split])) { blob += $0 }
        encoder.append(UnsafeRawBufferPointer(rebasing: bytes[split...])) { blob += $0 }
    }
    encoder.finish { blob += $0 }
    return blob
}
