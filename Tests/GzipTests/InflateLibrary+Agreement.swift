import Testing

@testable import Gzip

extension InflateLibrary {
    /// What all libraries come to; also an error's code.
    static func agreed<Result: Equatable>(
        sourceLocation: SourceLocation = #_sourceLocation, _ body: (InflateLibrary) throws -> Result
    ) throws -> Result {
        let results = allCases.map { library in Swift.Result { try body(library) } }
        for (library, result) in zip(allCases, results) {
            switch (results[0], result) {
            case (.success(let first), .success(let other)):
                #expect(first == other, "\(library)", sourceLocation: sourceLocation)
            case (.failure(let first), .failure(let other)):
                #expect(first as? GzipError == other as? GzipError, "\(library)", sourceLocation: sourceLocation)
            default: Issue.record("\(library) does not agree: \(result)", sourceLocation: sourceLocation)
            }
        }
        return try results[0].get()
    }
}
