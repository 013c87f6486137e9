// modules: StrictJSON
// files: Engines/Docker/HTTPResponseParser.swift Engines/Docker/LoadAnswer.swift Engines/EngineError.swift DurableFiles/FileError.swift

/// No answer makes its readers crash or keep more than they may, and what is read does not depend on how it is split.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let cut = count == 0 ? 0 : Int(bytes[count - 1]) * count / 255
    let whole = read([bytes])
    guard whole == read([Array(bytes[..<cut]), Array(bytes[cut...])]), whole == read(bytes.map { [$0] }) else {
        fatalError("the split changes the result")
    }
    _ = try? LoadAnswer(parsing: bytes)
    return 0
}

private struct Outcome: Equatable {
    var status: Int?
    var body: [UInt8]?
    var isComplete = false
}

private func read(_ pieces: [[UInt8]]) -> Outcome {
    var parser = HTTPResponseParser(maximumBodySize: 1000)
    do {
        for piece in pieces { try parser.parse(piece) }
    } catch {
        return Outcome()
    }
    guard parser.body.count <= 1000 else { fatalError("the body is too long") }
    return Outcome(status: parser.status, body: parser.body, isComplete: parser.finish())
}
