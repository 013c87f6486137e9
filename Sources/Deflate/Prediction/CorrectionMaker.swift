/// Makes the corrections with which a gzip blob can be made again from its content, whatever encoder made it.
///
/// Memory: about 8 MiB.
public struct CorrectionMaker: ~Copyable {
    /// Says of the bytes of a member's header, one after another, whether the header is complete.
    public typealias HeaderEnd = (UInt8) throws -> Bool

    private let settings: PredictionSettings
    private var model: CorrectionModel
    private var coder = DecisionWriter()
    private var blocks: BlockReader
    private let content: any ByteSource
    private var block = DeflateBlock()
    /// What came of the content and found no room yet.
    private var waiting: ArraySlice<UInt8> = []

    /// A maker for one blob, which was inflated without an error before.
    ///
    /// - Parameters:
    ///   - settings: How its encoder is taken to work.
    ///   - blob: The blob.
    ///   - content: What it inflates to.
    public init(_ settings: PredictionSettings, blob: any ByteSource, content: any ByteSource) {
        self.settings = settings
        model = CorrectionModel(settings)
        blocks = BlockReader(blob)
        self.content = content
    }

    /// Makes the corrections of the whole blob, or of its start.
    ///
    /// - Parameters:
    ///   - limit: Stops after so many bytes of content.
    ///   - startHeader: Is called for each member.
    ///   - output: Gets the corrections, and says whether to go on.
    /// - Returns: False when there are no corrections for such a blob, or `output` did not want more.
    /// - Throws: What the sources, `startHeader` or `output` throws.
    public mutating func run(
        limit: Int = .max, startHeader: () -> HeaderEnd, _ output: ([UInt8]) throws -> Bool
    ) throws -> Bool {
        do {
            guard try output(settings.bytes) else { return false }
            repeat {
                var header: [UInt8] = []
                let isEnd = startHeader()
                repeat {
                    guard header.count < CorrectionModel.mostHeader else { return false }
                    header.append(try blocks.takeByte())
                } while try !isEnd(header[header.count - 1])
                _ = model.code(header: header, &coder)
                repeat {
                    try blocks.next(&block)
                    guard try codeBlock() else { return false }
                    guard try output(coder.takeBytes()) else { return false }
                    if model.window.position >= limit { return true }
                } while !block.isLast
                _ = model.blocks.code(padding: try blocks.takePadding(), &coder)
                // The trailer was compared with the content when the blob was inflated.
                for _ in 0..<8 { _ = try blocks.takeByte() }
            } while try model.code(hasMore: !blocks.isAtEnd(), &coder)
            coder.finish()
            return try output(coder.takeBytes())
        } catch is UnsuitableBlock {
            return false
        }
    }

    private mutating func codeBlock() throws -> Bool {
        _ = model.blocks.code(&block, &coder)
        switch block.kind {
        case .stored:
            for _ in 0..<block.storedCount {
                try fill()
                guard let byte = model.passByte(), try blocks.takeByte() == byte else { return false }
            }
        case .fixed, .described:
            for token in block.tokens {
                try fill()
                guard model.code(token, &coder) == token else { return false }
            }
        }
        return block.kind != .described || model.descriptions.code(&block.description, of: block.tokens, &coder)
    }

    /// Gets content until the next place can be coded.
    private mutating func fill() throws {
        while !model.window.isReady {
            if waiting.isEmpty { waiting = try content.next()[...] }
            if waiting.isEmpty { model.window.isComplete = true }
            let count = unsafe waiting.withUnsafeBytes { unsafe model.window.append($0) }
            waiting = waiting.dropFirst(count)
        }
    }
}

extension CorrectionMaker {
    /// How much of the content is looked at to find settings, at least and at most.
    private static let trialSizes = (16 << 10)...(256 << 10)

    /// Finds the settings with which the corrections of a blob's start are smallest.
    ///
    /// - Parameters:
    ///   - size: The size of the blob, in bytes; bounds how much is tried.
    ///   - blob: Gives the blob from its start, anew at each call.
    ///   - content: Gives its content likewise.
    ///   - startHeader: Is called for each member.
    /// - Returns: Nil when there are no corrections for such a blob.
    /// - Throws: What `blob`, `content` or `startHeader` throws.
    public static func settings(
        size: Int64, blob: () throws -> any ByteSource, content: () throws -> any ByteSource,
        startHeader: () -> HeaderEnd
    ) throws -> PredictionSettings? {
        let limit = Int(min(max(size / 4, Int64(trialSizes.lowerBound)), Int64(trialSizes.upperBound)))
        var best: (settings: PredictionSettings, size: Int)?
        for vary in PredictionSettings.trials {
            for trial in vary(best?.settings ?? PredictionSettings()) {
                var maker = CorrectionMaker(trial, blob: try blob(), content: try content())
                var size = 0
                let isSuitable = try maker.run(limit: limit, startHeader: startHeader) {
                    size += $0.count
                    return size < best?.size ?? .max
                }
                if isSuitable { best = (trial, size) }
            }
            if best == nil { return nil }
        }
        return best?.settings
    }
}
