import StrictJSON
import Testing

@Suite struct JSONParserTests {
    private func parse(_ text: String) throws(JSONError) -> JSONValue { try JSONParser().parse(Array(text.utf8)) }

    /// What a text means, in the canonical form.
    private func meaning(_ text: String) throws(JSONError) -> String {
        String(decoding: JSONWriter.canonical(try parse(text)), as: UTF8.self)
    }

    @Test(arguments: [
        ("null", "null"), ("true", "true"), ("false", "false"), ("0", "0"), ("-1", "-1"), ("\"\"", "\"\""),
        ("[]", "[]"), ("{}", "{}"), ("[[]]", "[[]]"), (#"{"":0}"#, #"{"":0}"#), (" \t\r\n1 \t\r\n", "1"),
        ("[ 1 , 2 ]", "[1,2]"), (#"{ "a" : { "b" : [ ] } }"#, #"{"a":{"b":[]}}"#),
        (#"{"b":1,"a":2}"#, #"{"a":2,"b":1}"#), (#"["\u0061\/\b\f\n\r\t\"\\"]"#, #"["a/\b\f\n\r\t\"\\"]"#),
        (#""\ud83d\uDE00""#, "\"\u{1F600}\""), (#""\u0000""#, #""\u0000""#), (#""\uFFFF""#, "\"\u{FFFF}\""),
        (#""\uD7FF\uE000""#, "\"\u{D7FF}\u{E000}\""), (#""\udbff\udfff""#, "\"\u{10FFFF}\""),
        ("\"\u{7F}\"", #""\u007f""#), ("\"\u{2028}\u{2029}\"", "\"\u{2028}\u{2029}\""), (#""\\u0041""#, #""\\u0041""#),
        ("\"\u{FEFF}\"", "\"\u{FEFF}\""), (#"{"a":1,"A":2}"#, #"{"A":2,"a":1}"#), (#"["a","a"]"#, #"["a","a"]"#),
    ]) func accepts(text: String, canonical: String) throws {
        #expect(try meaning(text) == canonical + "\n")
    }

    @Test(arguments: [
        // Nothing, and things around the value.
        "", " ", "\u{FEFF}1", "1 2", "1,", "{}{}", "[]]", "1 //", "/**/1", "\u{0}", "1\u{0}", "\u{A0}1", "1\u{B}",
        "\u{C}1",
        // Words and numbers.
        "nul", "nulll", "True", "NaN", "Infinity", "-Infinity", "undefined", "01", "-01", "00", "+1", "-", "--1", ".5",
        "1.", "1.e1", "1e", "1e+", "1e1.5", "0x10", "1_000", "1.2.3", "2.e3", "-.5", "\u{FF11}", "1a",
        // Lists.
        "[", "]", "[1", "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[1}", "[\"a\":1]", "{", "}", "{]", "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}", "{,\"a\":1}", "{\"a\":1 \"b\":2}", "{\"a\" 1}", "{\"a\"::1}", "{a:1}", "{1:1}", "{'a':1}",
        "{null:1}",
        "{\"a\":1", "{\"a\":1]", "{\"a\":1,,\"b\":2}", "{[]:1}",
        // Strings.
        "\"", "\"a", "'a'", "\"\\\"", "\"\\", "\"\\x41\"", "\"\\'\"", "\"\\a\"", "\"\\0\"", "\"\\U0041\"", "\"\\u\"",
        "\"\\u004\"", "\"\\u004g\"", "\"\\u+041\"", "\"\\u 041\"", "\"\\u00", "\"\u{0}\"", "\"\u{1F}\"", "\"\n\"",
        "\"\t\"",
        // Half surrogate pairs.
        #""\ud800""#, #""\udc00""#, #""\ud800a""#, #""\ud800\n""#, #""\ud800\u0041""#, #""\ud800\ud800""#,
        #""\udc00\ud800""#, #""\ud800\u""#, #""\ud800\"#, #""\ud83d\ude0""#, #"{"\ud800":1}"#,
        // A name twice, however it is spelled.
        #"{"a":1,"a":1}"#, #"{"a":1,"\u0061":2}"#, #"{"\u00e9":1,"é":2}"#, #"{"/":1,"\/":2}"#, #"{"":1,"":2}"#,
        #"{"a":1,"b":2,"a":3}"#, #"[{"x":{"a":1,"a":2}}]"#, #"{"\ud83d\ude00":1,"😀":2}"#, #"{"\u0000":1,"\u0000":2}"#,
    ]) func refuses(text: String) {
        #expect(throws: JSONError(.malformed, "")) { _ = try parse(text) }
    }

    @Test(arguments: [
        ("a byte order mark", [0xEF, 0xBB, 0xBF, 0x31]), ("UTF-16", [0x31, 0x00]),
        ("UTF-16 with its mark", [0xFF, 0xFE, 0x31, 0]),
        ("a lone continuation byte", [0x22, 0x80, 0x22]), ("overlong slash", [0x22, 0xC0, 0xAF, 0x22]),
        ("overlong NUL", [0x22, 0xC0, 0x80, 0x22]), ("overlong of three bytes", [0x22, 0xE0, 0x80, 0xAF, 0x22]),
        ("overlong of four bytes", [0x22, 0xF0, 0x80, 0x80, 0xAF, 0x22]),
        ("a high surrogate", [0x22, 0xED, 0xA0, 0x80, 0x22]),
        ("a low surrogate", [0x22, 0xED, 0xBF, 0xBF, 0x22]),
        ("a pair of surrogates", [0x22, 0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80, 0x22]),
        ("beyond U+10FFFF", [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22]),
        ("five bytes", [0x22, 0xF8, 0x88, 0x80, 0x80, 0x80, 0x22]),
        ("0xFE", [0x22, 0xFE, 0x22]), ("0xFF", [0x22, 0xFF, 0x22]), ("cut after one of two", [0x22, 0xC3, 0x22]),
        ("cut after two of three", [0x22, 0xE2, 0x82, 0x22]),
        ("cut after three of four", [0x22, 0xF0, 0x9F, 0x98, 0x22]),
        ("cut by an escape", [0x22, 0xC3, 0x5C, 0x6E, 0xA9, 0x22]), ("Latin-1", [0x22, 0xE9, 0x22]),
        ("a name that is not UTF-8", [0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D]),
        ("outside of strings", [0x5B, 0xFF, 0x5D]),
    ]) func refusesWhatIsNotUTF8(label: String, bytes: [UInt8]) {
        #expect(throws: JSONError(.malformed, ""), "\(label)") { _ = try JSONParser().parse(bytes) }
    }

    @Test func everyByteBelowSpaceIsRefusedInAString() throws {
        for byte in UInt8(0)...0xFF where byte < 0x20 || byte >= 0x80 {
            #expect(throws: JSONError(.malformed, "")) { _ = try JSONParser().parse([0x22, byte, 0x22]) }
        }
        for byte in UInt8(0x20)..<0x80 where byte != 0x22 && byte != 0x5C {
            #expect(try JSONNode(parsing: [0x22, byte, 0x22]).string() == String(UnicodeScalar(byte)))
        }
    }

    @Test(arguments: [
        ("0", Int64(0)), ("10", 10), ("-7", -7), ("9223372036854775807", .max), ("-9223372036854775808", .min),
    ]) func wholeNumbersAreIntegers(text: String, number: Int64) throws {
        guard case .integer(let integer) = try parse(text) else { return #expect(Bool(false), "\(text) is no integer") }
        #expect(integer == number)
    }

    @Test(arguments: [
        "-0", "1.0", "0.0", "-0.0", "1e2", "1E2", "1e+2", "1e-2", "1E-02", "0e0", "1.5e300", "1e999999",
        "9223372036854775808",
        "-9223372036854775809", "123456789012345678901234567890", "0.1234567890123456789",
    ]) func otherNumbersStayAsWritten(text: String) throws {
        guard case .number(let number) = try parse(text) else {
            return #expect(Bool(false), "\(text) became an integer")
        }
        #expect(number == text)
        #expect(try meaning(text) == text + "\n")
    }

    @Test func canonicallyEquivalentNamesAreTwoNames() throws {
        let node = JSONNode(try parse("{\"\u{E9}\":1,\"e\u{301}\":2}"))
        #expect(try node.members().count == 2)
        #expect(try node.member("\u{E9}").integer(in: 0...9) == 1)
        #expect(try node.member("e\u{301}").integer(in: 0...9) == 2)
        #expect(throws: JSONError(.unknownMember, "")) { try node.allowOnly(["\u{E9}"]) }
    }

    @Test func namesAreFoundByTheirUnescapedBytes() throws {
        #expect(try JSONNode(try parse(#"{"\u0061\u002fb":1}"#)).member("a/b").integer(in: 1...1) == 1)
        #expect(throws: JSONError(.missing, "")) { _ = try JSONNode(try parse(#"{"A":1}"#)).member("a") }
    }

    @Test func membersKeepTheirOrder() throws {
        let names = try JSONNode(try parse(#"{"z":1,"a":2,"m":3}"#)).members().map(\.name)
        #expect(names == ["z", "a", "m"])
    }

    @Test(arguments: [0, 1, 2, 64]) func nestsAsDeepAsAllowed(depth: Int) throws {
        let parser = JSONParser(maximumDepth: depth)
        func nested(_ depth: Int, _ open: String, _ close: String) -> [UInt8] {
            Array((String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)).utf8)
        }
        for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":[", "]}]")] {
            let levels = open.utf8.filter { $0 == 0x5B || $0 == 0x7B }.count
            _ = try parser.parse(nested(depth / levels, open, close))
            #expect(throws: JSONError(.overLimit, "")) { _ = try parser.parse(nested(depth / levels + 1, open, close)) }
        }
    }

    @Test func depthIsGivenBackAtTheEndOfAList() throws {
        let text = "[" + Array(repeating: "[[]]", count: 100).joined(separator: ",") + "]"
        _ = try JSONParser(maximumDepth: 3).parse(Array(text.utf8))
    }

    @Test func aMillionOpenBracketsAreRefusedWithoutATrap() {
        for text in ["[", "{\"a\":", "[{\"\":"] {
            let bytes = Array(String(repeating: text, count: 1_000_000).utf8)
            #expect(throws: JSONError(.overLimit, "")) { _ = try JSONParser().parse(bytes) }
        }
    }

    @Test func theLimitOfSizeIsExact() throws {
        let bytes = Array("[1,2,3]".utf8)
        _ = try JSONParser(maximumSize: bytes.count).parse(bytes)
        #expect(throws: JSONError(.overLimit, "")) { _ = try JSONParser(maximumSize: bytes.count - 1).parse(bytes) }
        #expect(throws: JSONError(.overLimit, "")) { _ = try JSONParser(maximumSize: 0).parse([0x31]) }
    }

    @Test func messagesNameTheByte() throws {
        let error = try #require(throws: JSONError.self) { _ = try parse("[1, x]") }
        #expect(error.message.contains("byte 4"))
        #expect(error.description == error.message)
    }

    @Test func everyCutOfATextIsRefused() throws {
        let text = Array(#"{"a":[1,-2.5e3,true,null,"\u00e9\ud83d\ude00é"],"b":{"c":false}}"#.utf8)
        _ = try JSONParser().parse(text)
        for length in 0..<text.count {
            #expect(throws: JSONError(.malformed, "")) { _ = try JSONParser().parse(Array(text[..<length])) }
        }
    }
}

@Suite struct JSONSequenceTests {
    @Test(arguments: [
        ("", 0), (" \r\n", 0), ("{}", 1), ("{\"a\":1}\r\n{\"a\":2}\r\n", 2), ("{}{} [] 1 2\n\"a\"\"b\"", 7),
    ])
    func `values one after another are all read`(text: String, count: Int) throws {
        #expect(try JSONParser().parseSequence(Array(text.utf8)).count == count)
    }

    @Test(arguments: ["{", "{},{}", "{} x", "[1", "\u{FEFF}{}"])
    func `a sequence with anything else is refused`(text: String) {
        #expect(throws: JSONError(.malformed, "")) { try JSONParser().parseSequence(Array(text.utf8)) }
    }

    @Test func `a sequence over the limit is refused`() {
        #expect(throws: JSONError(.overLimit, "")) { try JSONParser(maximumSize: 3).parseSequence(Array("{}{}".utf8)) }
    }
}
