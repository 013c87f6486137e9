import Testing

@testable import Engines

/// Answers as daemons give them, and as nobody should.
@Suite struct DockerResponseTests {
    private static let head = "HTTP/1.1 200 OK\r\n"

    private static func read(_ pieces: [[UInt8]], limit: Int = 100) throws -> HTTPResponseParser {
        var parser = HTTPResponseParser(maximumBodySize: limit)
        for piece in pieces { try parser.parse(piece) }
        return parser
    }

    @Test(arguments: [
        ("length", head + "Content-Length: 5\r\n\r\nhello", 200, "hello", true),
        ("no reason", "HTTP/1.1 404\r\nContent-Length:0\r\n\r\n", 404, "", true),
        (
            "chunks", head + "transfer-encoding: Chunked\r\n\r\n3\r\nhel\r\n0002\r\nlo\r\n0\r\nX-Trailer: 1\r\n\r\n",
            200,
            "hello", true
        ),
        ("until close", head + "Api-Version:\t1.41 \r\n\r\nhello", 200, "hello", true),
        ("no content", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", true),
        ("cut", head + "Content-Length: 5\r\n\r\nhell", 200, "hell", false),
        ("cut in a chunk", head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhel", 200, "hel", false),
        ("without the last chunk", head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", 200, "hello", false),
        ("cut in the head", "HTTP/1.1 200 OK\r\nContent-", 200, "", false),
    ])
    func `good and cut answers are read alike for every split`(
        label: String, text: String, status: Int, body: String, isWhole: Bool
    ) throws {
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            var parser = try Self.read([Array(bytes[..<cut]), Array(bytes[cut...])])
            #expect(parser.status == status)
            #expect(String(decoding: parser.body, as: UTF8.self) == body)
            #expect(parser.finish() == isWhole)
        }
    }

    @Test(arguments: [
        ("HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\n"), ("another protocol", "SSH-2.0-OpenSSH\r\n"),
        ("a bare line feed", "HTTP/1.1 200 OK\n\n"), ("two carriage returns", "HTTP/1.1 200 OK\r\r\n"),
        ("a status of two digits", "HTTP/1.1 20 OK\r\n"), ("of four", "HTTP/1.1 2000 OK\r\n"),
        ("an interim one", "HTTP/1.1 100 Continue\r\n\r\n"), ("none", "HTTP/1.1 OK\r\n"),
        ("a folded header", head + "A: b\r\n c: d\r\n\r\n"), ("space before the colon", head + "A : b\r\n\r\n"),
        ("no colon", head + "nonsense\r\n\r\n"), ("an empty name", head + ": b\r\n\r\n"),
        ("NUL", head + "A: b\0\r\n\r\n"),
        ("two lengths", head + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
        ("a list of lengths", head + "Content-Length: 5, 5\r\n\r\nhello"),
        ("a negative length", head + "Content-Length: -5\r\n\r\n"),
        ("a signed one", head + "Content-Length: +5\r\n\r\n"),
        ("a huge length", head + "Content-Length: 99999999999999999999\r\n\r\n"),
        ("an empty length", head + "Content-Length:\r\n\r\n"),
        ("length and chunks", head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("chunks and length", head + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"),
        ("gzip", head + "Transfer-Encoding: gzip, chunked\r\n\r\n"),
        ("chunked twice", head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("no size", head + "Transfer-Encoding: chunked\r\n\r\n\r\n"),
        ("a size with an extension", head + "Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n"),
        ("a size that is none", head + "Transfer-Encoding: chunked\r\n\r\n0x5\r\n"),
        ("a huge size", head + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"),
        ("a size of 17 digits", head + "Transfer-Encoding: chunked\r\n\r\n00000000000000005\r\n"),
        ("a chunk that is longer", head + "Transfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n"),
        (
            "chunks over the limit",
            head + "Transfer-Encoding: chunked\r\n\r\n64\r\n" + String(repeating: "a", count: 100) + "\r\n1\r\n"
        ),
        ("a length over the limit", head + "Content-Length: 101\r\n\r\n"),
        ("no end over the limit", head + "\r\n" + String(repeating: "a", count: 101)),
        ("bytes after a length", head + "Content-Length: 5\r\n\r\nhello!"),
        ("bytes after chunks", head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"),
        ("a body with 204", "HTTP/1.1 204 No Content\r\nContent-Length: 1\r\n\r\na"),
        ("an endless header", head + "A: " + String(repeating: "a", count: 70_000)),
        ("endless headers", head + String(repeating: "A: b\r\n", count: 12_000)),
        (
            "endless trailers",
            head + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + String(repeating: "A: b\r\n", count: 12_000)
        ),
        ("an endless size", head + "Transfer-Encoding: chunked\r\n\r\n" + String(repeating: "0", count: 1000)),
    ])
    func `anything else is refused, also byte by byte`(label: String, text: String) {
        let bytes = Array(text.utf8)
        #expect(throws: EngineError(.refused, "")) { try Self.read([bytes]) }
        #expect(throws: EngineError(.refused, "")) { try Self.read(bytes.map { [$0] }) }
    }

    @Test(arguments: [
        ("loaded", "{\"stream\":\"Loaded image: ex/a:1\\n\"}\r\n", nil),
        ("nothing", "", nil),
        ("unknown members", "{\"status\":\"Loading layer\",\"progressDetail\":{\"current\":1}}{\"id\":7}", nil),
        ("an error", "{\"stream\":\"a\"}\r\n{\"errorDetail\":{\"message\":\"m\"},\"error\":\"e\"}\r\n", "e"),
        ("an error before success", "{\"error\":\"e\"}\n{\"stream\":\"Loaded image: ex/a:1\\n\"}", "e"),
        ("only a detail", "{\"errorDetail\":{\"message\":\"m\"}}", "m"),
        ("a detail that is a number", "{\"errorDetail\":{\"code\":7}}", "{\"code\":7}\n"),
        (
            "what docker 28 says", "{\"stream\":\"Error unpacking image ex/a:1: bad\\n\"}",
            "Error unpacking image ex/a:1: bad\n"
        ),
    ])
    func `an error anywhere in a load's answer counts`(label: String, text: String, failure: String?) throws {
        #expect(try LoadAnswer(parsing: Array(text.utf8)).failure == failure)
    }

    @Test(arguments: ["[]", "{\"error\":\"e\"", "nonsense", "{} {"])
    func `an answer that cannot be read is no success`(text: String) {
        #expect(throws: (any Error).self) { try LoadAnswer(parsing: Array(text.utf8)) }
    }

    @Test func `what a daemon says becomes one printable line`() {
        #expect(String(daemon: "a\nb\u{1B}[31m\u{202E}ü\n") == "a b?[31m??")
        #expect(String(daemon: String(repeating: "x", count: 10_000)).utf8.count < 1100)
    }
}
