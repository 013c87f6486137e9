import StrictJSON
import TestSupport
import Testing

@Suite struct JSONWriterTests {
    private func canonical(_ value: JSONValue) -> String {
        String(decoding: JSONWriter.canonical(value), as: UTF8.self)
    }

    @Test func `members keep their order where that is asked for`() throws {
        let text = "{\n  \"b\": {\n    \"z\": 1.50e0,\n    \"a\": []\n  },\n  \"a\": {}\n}\n"
        #expect(String(decoding: JSONWriter.ordered(try JSONParser().parse(Array(text.utf8))), as: UTF8.self) == text)
    }

    @Test func everyControlByteHasItsShortestEscape() throws {
        let short: [UInt8: String] = [8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 0x22: "\\\"", 0x5C: "\\\\"]
        for byte in UInt8(0)..<0x80 {
            let digits = String(byte, radix: 16)
            let long = "\\u00" + (digits.count == 1 ? "0" : "") + digits
            let plain = String(UnicodeScalar(byte))
            let expected = short[byte] ?? (byte < 0x20 || byte == 0x7F ? long : plain)
            #expect(canonical(.string(plain)) == "\"\(expected)\"\n")
        }
        #expect(canonical(.string("/é\u{2028}\u{1F600}")) == "\"/é\u{2028}\u{1F600}\"\n")
    }

    @Test func membersAreSortedByTheBytesOfTheirNames() {
        let names = ["é", "e\u{301}", "Z", "a", "aa", "", "\u{FFFD}", "\u{10000}", "A", "a\u{0}", "_"]
        let value = JSONValue.object(names.map { JSONMember(name: $0, value: .null) })
        #expect(
            canonical(value)
                == "{\"\":null,\"A\":null,\"Z\":null,\"_\":null,\"a\":null,\"a\\u0000\":null,\"aa\":null,"
                + "\"e\u{301}\":null,\"é\":null,\"\u{FFFD}\":null,\"\u{10000}\":null}\n")
    }

    @Test func valuesAreWrittenWithoutSpace() {
        let value = JSONValue.object([
            "b": .array([.integer(.min), .number("1.50"), .bool(true), .bool(false), .null]), "a": .object([]),
            "c": .array([]),
            "absent": nil, "d": .strings(["x", "y"]),
        ])
        #expect(
            canonical(value) == #"{"a":{},"b":[-9223372036854775808,1.50,true,false,null],"c":[],"d":["x","y"]}"# + "\n"
        )
    }

    @Test func theReadableFormIndentsByTwo() {
        let value = JSONValue.object([
            "b": .array([.integer(1), .object(["x": .null])]), "a": .object([]), "c": .array([]),
        ])
        let expected = """
            {
              "a": {},
              "b": [
                1,
                {
                  "x": null
                }
              ],
              "c": []
            }

            """
        #expect(String(decoding: JSONWriter.readable(value), as: UTF8.self) == expected)
        #expect(JSONWriter.readable(.integer(1)) == Array("1\n".utf8))
    }

    @Test(arguments: UInt64(0)..<300) func bothFormsComeBackAsTheSameValue(seed: UInt64) throws {
        var random = DeterministicRandom(seed: seed)
        let value = random.value(depth: 5)
        let bytes = JSONWriter.canonical(value)
        let parsed = try JSONParser().parse(bytes)
        #expect(parsed.isSame(as: value))
        #expect(JSONWriter.canonical(parsed) == bytes)
        let readable = JSONWriter.readable(value)
        #expect(JSONWriter.canonical(try JSONParser().parse(readable)) == bytes)
        #expect(JSONWriter.readable(parsed) == readable)
    }

    @Test(arguments: UInt64(0)..<100) func mutatedTextsNeverTrapAndStayStable(seed: UInt64) throws {
        var random = DeterministicRandom(seed: seed)
        let original = JSONWriter.readable(random.value(depth: 4))
        for _ in 0..<50 {
            var bytes = original
            for _ in 0...Int.random(in: 0...2, using: &random) where !bytes.isEmpty {
                let position = Int.random(in: bytes.indices, using: &random)
                switch Int.random(in: 0...3, using: &random) {
                case 0: bytes[position] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: position)
                case 2: bytes.insert(Array("{}[]\",:\\0eu".utf8).randomElement(using: &random) ?? 0, at: position)
                default: bytes.removeSubrange(position...)
                }
            }
            guard let value = try? JSONParser().parse(bytes) else { continue }
            let canonical = JSONWriter.canonical(value)
            #expect(JSONWriter.canonical(try JSONParser().parse(canonical)) == canonical)
        }
    }
}

extension JSONValue {
    /// Whether two values have the same bytes, and the same members in any order.
    fileprivate func isSame(as other: JSONValue) -> Bool {
        switch (self, other) {
        case (.null, .null): return true
        case (.bool(let left), .bool(let right)): return left == right
        case (.integer(let left), .integer(let right)): return left == right
        case (.number(let left), .number(let right)), (.string(let left), .string(let right)):
            return left.utf8.elementsEqual(right.utf8)
        case (.array(let left), .array(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.isSame(as: $1) }
        case (.object(let left), .object(let right)):
            func sorted(_ members: [JSONMember]) -> [JSONMember] {
                members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
            }
            return left.count == right.count
                && zip(sorted(left), sorted(right)).allSatisfy { left, right in
                    left.name.utf8.elementsEqual(right.name.utf8) && left.value.isSame(as: right.value)
                }
        default: return false
        }
    }
}

extension DeterministicRandom {
    fileprivate mutating func string() -> String {
        let pool: [ClosedRange<UInt32>] = [
            0...0x7F, 0x20...0x7E, 0x80...0xD7FF, 0xE000...0xFFFF, 0x10000...0x10FFFF, 0x301...0x301,
        ]
        let count = Int.random(in: 0...8, using: &self)
        var text = ""
        for _ in 0..<count {
            let range = pool.randomElement(using: &self) ?? 0...0
            if let scalar = UnicodeScalar(UInt32.random(in: range, using: &self)) { text.unicodeScalars.append(scalar) }
        }
        return text
    }

    fileprivate mutating func value(depth: Int) -> JSONValue {
        switch Int.random(in: 0...(depth > 0 ? 8 : 5), using: &self) {
        case 0: return .null
        case 1: return .bool(next() & 1 == 0)
        case 2: return .integer(Int64(bitPattern: next()) >> Int64.random(in: 0...63, using: &self))
        case 3:
            return .number(
                ["-0", "1.0", "1e2", "-3.25E-7", "18446744073709551616"].randomElement(using: &self) ?? "-0")
        case 4, 5: return .string(string())
        case 6: return .array((0..<Int.random(in: 0...5, using: &self)).map { _ in value(depth: depth - 1) })
        default:
            var names: Set<[UInt8]> = []
            var members: [JSONMember] = []
            for _ in 0..<Int.random(in: 0...6, using: &self) {
                let name = string()
                guard names.insert(Array(name.utf8)).inserted else { continue }
                members.append(JSONMember(name: name, value: value(depth: depth - 1)))
            }
            return .object(members)
        }
    }
}
