/// Reads one HTTP/1.1 response from bytes that come in pieces, strictly and within limits.
///
/// Spec: RFC 9112. Refused are bare line feeds, folded lines, interim responses, other transfer codings than `chunked`,
/// two lengths or a length beside a coding, chunk extensions, and bytes after the response.
struct HTTPResponseParser {
    /// 200 to 599, once the status line was read.
    private(set) var status: Int?
    /// The body as far as it was read, without its framing.
    private(set) var body: [UInt8] = []

    private let maximumBodySize: Int
    private var state = State.statusLine
    private var line: [UInt8] = []
    private var headSize = 0
    private var length: Int?
    private var isChunked = false

    private enum State {
        case statusLine, headers, trailers, chunkSize, chunkEnd
        case content(Int)
        case chunk(Int)
        case untilClose
        case complete
    }

    /// The most bytes of status line, headers and trailers together.
    static let maximumHeadSize = 64 << 10

    /// Expects a response whose body has at most so many bytes.
    init(maximumBodySize: Int) { self.maximumBodySize = maximumBodySize }

    /// Whether nothing more belongs to the response.
    var isComplete: Bool { if case .complete = state { true } else { false } }

    /// Takes the next bytes.
    ///
    /// - Throws: `EngineError` with code `refused`; the parser is of no use afterwards.
    mutating func parse(_ bytes: [UInt8]) throws(EngineError) {
        var rest = bytes[...]
        while let byte = rest.first {
            switch state {
            case .content(let count):
                let piece = rest.prefix(count)
                try append(piece)
                rest = rest.dropFirst(piece.count)
                state = piece.count == count ? .complete : .content(count - piece.count)
            case .chunk(let count):
                let piece = rest.prefix(count)
                try append(piece)
                rest = rest.dropFirst(piece.count)
                state = piece.count == count ? .chunkEnd : .chunk(count - piece.count)
            case .untilClose:
                try append(rest)
                rest = []
            case .complete:
                throw Self.failure("bytes after the response")
            default:
                rest = rest.dropFirst()
                try take(byte)
            }
        }
    }

    /// Gives away what was read of the body, which then counts no more.
    mutating func takeBody() -> [UInt8] {
        defer { body = [] }
        return body
    }

    /// Takes the end of the connection.
    ///
    /// - Returns: Whether the response is whole.
    mutating func finish() -> Bool {
        if case .untilClose = state { state = .complete }
        return isComplete
    }

    /// A byte of a line.
    private mutating func take(_ byte: UInt8) throws(EngineError) {
        switch state {
        case .chunkSize, .chunkEnd:
            guard line.count < 18 else { throw Self.failure("a chunk without a plain size") }
        default:
            headSize += 1
            guard headSize <= Self.maximumHeadSize else {
                throw Self.failure("status line and headers of more than \(Self.maximumHeadSize) bytes")
            }
        }
        guard byte == 0x0A else { return line.append(byte) }
        guard line.popLast() == 0x0D else { throw Self.failure("a line feed alone") }
        guard !line.contains(0x0D), !line.contains(0) else { throw Self.failure("a control byte in a line") }
        let text = line
        line = []
        try takeLine(text)
    }

    private mutating func takeLine(_ line: [UInt8]) throws(EngineError) {
        switch state {
        case .statusLine:
            status = try Self.status(line)
            state = .headers
        case .headers:
            if line.isEmpty { try startBody() } else { try takeHeader(line) }
        case .trailers:
            if line.isEmpty { state = .complete } else { _ = try Self.field(line) }
        case .chunkSize:
            guard 1...16 ~= line.count, let size = Self.hexadecimal(line) else {
                throw Self.failure("a chunk without a plain size")
            }
            guard size <= maximumBodySize - body.count else { throw tooLong }
            state = size == 0 ? .trailers : .chunk(size)
        case .chunkEnd:
            guard line.isEmpty else { throw Self.failure("a chunk that is longer than it says") }
            state = .chunkSize
        case .content, .chunk, .untilClose, .complete:
            preconditionFailure("these states have no lines")
        }
    }

    private mutating func startBody() throws(EngineError) {
        guard let status else { preconditionFailure("headers follow a status") }
        if status == 204 || status == 304 {
            guard !isChunked, length ?? 0 == 0 else { throw Self.failure("a body with status \(status)") }
            state = .complete
        } else if isChunked {
            guard length == nil else { throw Self.failure("both Content-Length and Transfer-Encoding") }
            state = .chunkSize
        } else if let length {
            guard length <= maximumBodySize else { throw tooLong }
            state = length == 0 ? .complete : .content(length)
        } else {
            state = .untilClose
        }
    }

    private mutating func takeHeader(_ line: [UInt8]) throws(EngineError) {
        let (name, value) = try Self.field(line)
        switch name {
        case "content-length":
            guard length == nil, 1...15 ~= value.utf8.count, value.utf8.allSatisfy(Self.isDigit),
                let number = Int(value)
            else { throw Self.failure("a Content-Length that is repeated or no number") }
            length = number
        case "transfer-encoding":
            guard !isChunked, value.lowercased() == "chunked" else {
                throw Self.failure("a Transfer-Encoding other than chunked")
            }
            isChunked = true
        default: break
        }
    }

    private mutating func append(_ piece: ArraySlice<UInt8>) throws(EngineError) {
        guard piece.count <= maximumBodySize - body.count else { throw tooLong }
        body += piece
    }

    private var tooLong: EngineError { Self.failure("a body of more than \(maximumBodySize) bytes") }

    private static func failure(_ what: String) -> EngineError {
        EngineError(.refused, "the answer is not the HTTP that was expected: it has \(what)")
    }

    /// `HTTP/1.1 200 OK`; the reason may be empty.
    private static func status(_ line: [UInt8]) throws(EngineError) -> Int {
        let prefix = Array("HTTP/1.1 ".utf8)
        let digits = line.dropFirst(prefix.count).prefix(3)
        let rest = line.dropFirst(prefix.count + 3)
        guard line.starts(with: prefix), digits.count == 3, digits.allSatisfy(isDigit),
            rest.isEmpty || rest.first == 0x20, rest.allSatisfy(isText)
        else { throw failure("no status line of HTTP/1.1") }
        let number = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        guard 200...599 ~= number else { throw failure("the status \(number)") }
        return number
    }

    /// A header's name in lower case, and its value without the space around it.
    private static func field(_ line: [UInt8]) throws(EngineError) -> (name: String, value: String) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0, line[..<colon].allSatisfy(isToken),
            line[(colon + 1)...].allSatisfy(isText)
        else { throw failure("a line that is no header") }
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        var value = line[(colon + 1)...].drop(while: isSpace)
        while let last = value.last, isSpace(last) { value.removeLast() }
        return (String(decoding: line[..<colon], as: UTF8.self).lowercased(), String(decoding: value, as: UTF8.self))
    }

    private static func hexadecimal(_ digits: [UInt8]) -> Int? {
        var number = 0
        for digit in digits {
            let value: UInt8
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = digit - UInt8(ascii: "A") + 10
            default: return nil
            }
            guard number < 1 << 58 else { return nil }
            number = number << 4 | Int(value)
        }
        return number
    }

    private static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

    private static func isText(_ byte: UInt8) -> Bool { byte == 0x09 || byte >= 0x20 && byte != 0x7F }

    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        default: isDigit(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
