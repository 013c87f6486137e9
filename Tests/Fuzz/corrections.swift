// modules: Deflate Gzip
//
// library: CISAL CZlib

/// No corrections crash what restores a blob, and what comes out does not depend on how the content is split; a blob that
/// inflates comes back from the corrections that are made for it.
///
/// The first two bytes choose where the rest is cut into corrections and content, and where the content is split.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeRawBufferPointer(start: start, count: count))
    comeBack(bytes)
    guard bytes.count > 2 else { return 0 }
    let rest = bytes.dropFirst(2)
    let cut = rest.startIndex + Int(bytes[0]) * rest.count / 256
    let corrections = Array(rest[..<cut])
    let content = Array(rest[cut...])
    guard
        restore(corrections, content, piece: max(1, content.count))
            == restore(corrections, content, piece: 1 + Int(bytes[1]))
    else { fatalError("the split changes the result") }
    return 0
}

private func comeBack(_ blob: [UInt8]) {
    var inflater = GzipInflater()
    var content: [UInt8] = []
    do {
        try blob.withUnsafeBytes { try inflater.inflate($0) { content += $0 } }
        try inflater.finish()
    } catch {
        return
    }
    var made: [UInt8] = []
    var maker = CorrectionMaker(PredictionSettings(), blob: Bytes(blob), content: Bytes(content))
    let isWhole = try? maker.run(startHeader: {
        var reader = HeaderReader(isFirst: true)
        return { try reader.take($0) }
    }) {
        made += $0
        return true
    }
    guard isWhole == true else { return }
    guard restore(made, content, piece: 1000) == blob else { fatalError("another blob comes back") }
}

private func restore(_ corrections: [UInt8], _ content: [UInt8], piece: Int) -> [UInt8] {
    struct IsEnough: Error {}
    var restorer = CorrectionRestorer(Bytes(corrections))
    var blob: [UInt8] = []
    func take(_ bytes: UnsafeRawBufferPointer) throws {
        blob += bytes.prefix((1 << 20) - blob.count)
        // A reader of bundles stops at the size that the blob has.
        if blob.count == 1 << 20 { throw IsEnough() }
    }
    do {
        for start in stride(from: 0, to: content.count, by: piece) {
            try content[start..<min(start + piece, content.count)].withUnsafeBytes { try restorer.append($0, take) }
        }
        try restorer.finish(take)
    } catch {}
    return blob
}

/// Bytes in one piece.
private final class Bytes: ByteSource {
    private var rest: [UInt8]

    init(_ bytes: [UInt8]) { rest = bytes }

    func next() -> [UInt8] {
        defer { rest = [] }
        return rest
    }
}
