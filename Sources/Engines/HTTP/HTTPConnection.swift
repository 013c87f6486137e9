/// One request over a connection of its own, and its answer.
///
/// An answer that comes before the request was sent is read and believed: the daemon says why it takes no more.
struct HTTPConnection: ~Copyable {
    private let socket: UnixSocket
    private let limits: Limits
    private let progress: (Int64) -> Void
    private let description: String
    private var parser: HTTPResponseParser
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)
    private var lastTransfer = ContinuousClock.now
    private var isOpen = true
    private var unsent: Int64
    private var head: [UInt8]

    /// What a request may take.
    struct Limits: Sendable {
        /// How long the other side may neither take nor give a byte.
        var idle: Duration
        /// The longest body of an answer, in bytes.
        var body: Int
    }

    /// An answer.
    struct Response {
        let status: Int
        let body: [UInt8]
    }

    /// Connects; the head of the request goes with the first bytes of the body, or with the wish for the answer.
    ///
    /// - Parameters:
    ///   - path: The socket.
    ///   - method: As `GET`.
    ///   - target: Path and query, encoded.
    ///   - contentLength: How many bytes `send` will be given.
    ///   - limits: What it may take.
    ///   - progress: Gets how many bytes of the body were taken, and 0 every second while nothing happens.
    /// - Throws: `EngineError` with code `unreachable`.
    init(
        path: String, method: String, target: String, contentLength: Int64 = 0, limits: Limits,
        progress: @escaping (Int64) -> Void
    ) throws(EngineError) {
        socket = try UnixSocket(connectingTo: path)
        self.limits = limits
        self.progress = progress
        description = "asking \(path) for \(method) \(target)"
        parser = HTTPResponseParser(maximumBodySize: limits.body)
        let hasBody = method == "POST"
        let text =
            "\(method) \(target) HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n"
            + (hasBody ? "Content-Type: application/x-tar\r\nContent-Length: \(contentLength)\r\n\r\n" : "\r\n")
        unsent = contentLength
        head = Array(text.utf8)
    }

    /// Sends the next bytes of the body.
    ///
    /// - Returns: Whether more is wanted; else the answer is there, or the connection is closed.
    /// - Throws: `EngineError`.
    mutating func send(_ bytes: UnsafeRawBufferPointer) throws(EngineError) -> Bool {
        precondition(Int64(bytes.count) <= unsent, "more bytes than the request announced")
        unsent -= Int64(bytes.count)
        try sendHead()
        var start = 0
        while start < bytes.count {
            guard isOpen, !parser.isComplete else { return false }
            let count = try unsafe sendPart(UnsafeRawBufferPointer(rebasing: bytes[start...]))
            start += count
            if count > 0 { progress(Int64(count)) }
        }
        return true
    }

    private mutating func sendHead() throws(EngineError) {
        let head = head
        self.head = []
        var start = 0
        while start < head.count, isOpen {
            var sent: Result<Int, EngineError> = .success(0)
            unsafe head.withUnsafeBytes { bytes in
                do throws(EngineError) {
                    sent = .success(try unsafe sendPart(UnsafeRawBufferPointer(rebasing: bytes[start...])))
                } catch {
                    sent = .failure(error)
                }
            }
            start += try sent.get()
        }
    }

    /// Sends what fits; where nothing does, waits until something has changed.
    private mutating func sendPart(_ bytes: UnsafeRawBufferPointer) throws(EngineError) -> Int {
        switch try unsafe socket.send(bytes) {
        case .bytes(let count):
            lastTransfer = .now
            return count
        case .wouldBlock: try wait(toSend: true)
        case .closed: isOpen = false
        }
        return 0
    }

    /// The answer, read to its end.
    ///
    /// - Throws: `EngineError` with code `unreachable`, or `refused` when it is not HTTP as it should be.
    consuming func response() throws(EngineError) -> Response {
        try sendHead()
        while !parser.isComplete { try wait(toSend: false) }
        guard let status = parser.status else { preconditionFailure("a whole response has a status") }
        return Response(status: status, body: parser.body)
    }

    /// The next bytes of an answer that is read as it comes; nil at its end.
    ///
    /// - Throws: As `response`.
    mutating func part() throws(EngineError) -> [UInt8]? {
        try sendHead()
        while true {
            let part = parser.takeBody()
            if !part.isEmpty { return part }
            if parser.isComplete { return nil }
            try wait(toSend: false)
        }
    }

    /// The status of the answer, once a part of it was there.
    var status: Int? { parser.status }

    /// Waits a second at most, and reads what has come.
    private mutating func wait(toSend: Bool) throws(EngineError) {
        guard socket.wait(toReceive: true, toSend: toSend, milliseconds: 1000) else {
            progress(0)
            guard ContinuousClock.now - lastTransfer < limits.idle else {
                throw EngineError(.unreachable, "\(description): nothing was taken or answered for \(limits.idle)")
            }
            return
        }
        try receive()
    }

    private mutating func receive() throws(EngineError) {
        var taken: Result<UnixSocket.Transfer, EngineError>?
        unsafe buffer.withUnsafeMutableBytes { bytes in
            do throws(EngineError) { taken = .success(try unsafe socket.receive(into: bytes)) } catch {
                taken = .failure(error)
            }
        }
        switch try taken?.get() {
        case .bytes(let count):
            lastTransfer = .now
            do throws(EngineError) { try parser.parse(Array(buffer[..<count])) } catch {
                throw EngineError(error.code, "\(description): \(error.message)")
            }
        case .closed:
            guard parser.finish() else {
                throw EngineError(
                    .unreachable,
                    "\(description): the connection was closed before the answer; look whether the daemon ended, and try again"
                )
            }
        case .wouldBlock, nil: break
        }
    }
}
