import Deflate
import Glibc
import Gzip

/// Times what makes and inflates gzip blobs; Benchmarks/encoders.sh runs it beside the original programs.
///
///     EncoderBenchmark encode ENCODER LEVEL BLOCK JOBS FILE   BLOCK 0: one stream
///     EncoderBenchmark inflate FILE                           as the program does
///     EncoderBenchmark zlib FILE                              zlib and its CRC-32, without a look at the container
///     EncoderBenchmark recognize FILE                         looks for what made a blob
///     EncoderBenchmark correct FILE                           makes corrections for a blob
///     EncoderBenchmark restore FILE                           inflates a blob, and makes it again with its corrections
///
/// Prints user CPU seconds, wall seconds and the size of what came out.
@main struct EncoderBenchmark {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let path = arguments.last, let kind = arguments.first else { fatalError("usage: see the source") }
        let input = try Input(path)
        var start = Times()
        var size = 0
        switch (kind, Array(arguments.dropFirst())) {
        case ("encode", let words) where words.count == 5:
            guard let encoder = DeflateEncoding.Encoder(rawValue: words[0]), let level = Int(words[1]),
                let block = Int(words[2]), let jobs = Int(words[3]),
                let deflate = DeflateEncoding(encoder, level: level, blockSize: block == 0 ? nil : block),
                let encoding = GzipEncoding(header: [31, 139, 8, 0, 0, 0, 0, 0, 0, 255], deflate: deflate)
            else { fatalError("no such encoding: \(words)") }
            try await GzipEncoder.encodeInParallel(
                encoding, jobs: jobs, pull: { input.fill($0) }, output: { size += $0.count })
        case ("inflate", _):
            var inflater = GzipInflater()
            while let piece = input.next() { try inflater.inflate(piece) { size += $0.count } }
            try inflater.finish()
        case ("recognize", _):
            let content = try input.inflatedSize()
            start = Times()
            size = try await GzipRecognizer(input).encoding(contentSize: content) == nil ? 0 : Int(content)
        case ("correct", _):
            size = try corrections(input)?.count ?? 0
        case ("restore", _):
            guard let corrections = try corrections(input) else { break }
            start = Times()
            size = try CorrectionSearch(input).proves(OnePiece(corrections)) ? Int(input.size) : 0
        case ("zlib", _):
            let decoder = DeflateDecoder(outputSize: GzipInflater.outputSize)
            var checksum = CRC32()
            input.skip(10)
            while let piece = input.next() {
                let outcome = decoder.decode(piece) {
                    checksum.update($0)
                    size += $0.count
                }
                guard outcome == .needsMore else { break }
            }
        default: fatalError("usage: see the source")
        }
        let end = Times()
        print(end.user - start.user, end.wall - start.wall, size)
    }

    private static func corrections(_ blob: Input) throws -> [UInt8]? {
        var made: [UInt8] = []
        return try CorrectionSearch(blob).make { made += $0 } ? made : nil
    }
}

/// Bytes in one piece.
private final class OnePiece: ByteSource {
    private var rest: [UInt8]

    init(_ bytes: [UInt8]) { rest = bytes }

    func next() -> [UInt8] {
        defer { rest = [] }
        return rest
    }
}

/// A file in memory, so that reading it is not timed.
private final class Input: RandomAccessBytes {
    private let bytes: UnsafeMutableRawBufferPointer
    private var position = 0
    private static let pieceSize = 64 << 10

    init(_ path: String) throws {
        guard let file = fopen(path, "r") else { fatalError("cannot read \(path)") }
        defer { fclose(file) }
        fseek(file, 0, SEEK_END)
        bytes = .allocate(byteCount: ftell(file), alignment: 64)
        rewind(file)
        guard fread(bytes.baseAddress, 1, bytes.count, file) == bytes.count else { fatalError("cannot read \(path)") }
    }

    deinit { bytes.deallocate() }

    var size: Int64 { Int64(bytes.count) }

    func read(at offset: Int64, count: Int) -> [UInt8] { Array(bytes[Int(offset)...].prefix(count)) }

    func inflatedSize() throws -> Int64 {
        var inflater = GzipInflater()
        var size: Int64 = 0
        while let piece = next() { try inflater.inflate(piece) { size += Int64($0.count) } }
        try inflater.finish()
        return size
    }

    func skip(_ count: Int) { position += count }

    func next() -> UnsafeRawBufferPointer? {
        guard position < bytes.count else { return nil }
        let piece = UnsafeRawBufferPointer(rebasing: bytes[position...].prefix(Self.pieceSize))
        position += piece.count
        return piece
    }

    func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        let piece = UnsafeRawBufferPointer(rebasing: bytes[position...].prefix(buffer.count))
        buffer.copyMemory(from: piece)
        position += piece.count
        return piece.count
    }
}

/// Seconds since some start.
private struct Times {
    let user: Double
    let wall: Double

    init() {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        user = Double(usage.ru_utime.tv_sec) + Double(usage.ru_utime.tv_usec) / 1e6
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        wall = Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }
}
