import StrictJSON
import Testing

@Suite struct JSONNodeTests {
    private let root: JSONNode

    init() throws {
        root = try JSONNode(
            parsing: Array(#"{"a":[{"b":"x"},true,7,1.5,null],"n":null,"s":"t","i":-3,"o":{}}"#.utf8))
    }

    @Test func pathsNameTheWayToAValue() throws {
        #expect(root.path == "$")
        #expect(try root.member("a").path == "$.a")
        #expect(try root.member("a").elements().map(\.path) == ["$.a[0]", "$.a[1]", "$.a[2]", "$.a[3]", "$.a[4]"])
        #expect(try root.member("a").elements()[0].member("b").path == "$.a[0].b")
        #expect(try root.members().map(\.node.path) == ["$.a", "$.n", "$.s", "$.i", "$.o"])
        #expect(JSONNode(.null, path: "$.x").path == "$.x")
    }

    @Test func valuesAreReadByTheirType() throws {
        let elements = try root.member("a").elements()
        #expect(try elements[0].member("b").string() == "x")
        #expect(try elements[1].bool())
        #expect(try elements[2].integer(in: 7...7) == 7)
        #expect(try root.member("i").integer(in: .min ... .max) == -3)
        #expect(try root.member("o").members().isEmpty)
    }

    @Test func nullAndAbsentAreOne() throws {
        #expect(try root.optional("n") == nil)
        #expect(try root.optional("nothing") == nil)
        #expect(try root.optional("s")?.string() == "t")
        #expect(throws: JSONError(.missing, "")) { _ = try root.member("n") }
        #expect(throws: JSONError(.missing, "")) { _ = try root.member("nothing") }
    }

    @Test func anotherTypeIsAMismatchThatNamesThePath() throws {
        let complaints: [(JSONNode) throws -> Void] = [
            { _ = try $0.string() }, { _ = try $0.bool() }, { _ = try $0.integer(in: 0...1) },
            { _ = try $0.elements() },
            { _ = try $0.members() }, { _ = try $0.member("x") }, { _ = try $0.optional("x") },
            { try $0.allowOnly([]) },
        ]
        let node = try root.member("a").elements()[3]
        for complaint in complaints {
            let error = try #require(throws: JSONError.self) { try complaint(node) }
            #expect(error.code == .mismatch)
            #expect(error.message.hasPrefix("$.a[3] is not "))
        }
        #expect(throws: JSONError(.mismatch, "")) { _ = try root.member("s").integer(in: 0...1) }
        #expect(throws: JSONError(.mismatch, "")) { _ = try root.string() }
        #expect(root.mismatch("a digest").message == "$ is not a digest")
    }

    @Test func integersKeepTheirRange() throws {
        let node = JSONNode(.integer(5))
        #expect(try node.integer(in: 5...6) == 5)
        for range in [Int64(6)...7, 0...4, -9...(-5)] {
            #expect(throws: JSONError(.mismatch, "")) { _ = try node.integer(in: range) }
        }
        for number in ["-0", "5.0", "5e0", "9223372036854775808"] {
            #expect(throws: JSONError(.mismatch, "")) {
                _ = try JSONNode(parsing: Array(number.utf8)).integer(in: .min ... .max)
            }
        }
    }

    @Test func unknownMembersAreRefusedByName() throws {
        try root.allowOnly(["a", "n", "s", "i", "o", "further"])
        let error = try #require(throws: JSONError.self) { try root.allowOnly(["a", "n", "s", "i"]) }
        #expect(error.code == .unknownMember)
        #expect(error.message.contains("'o'"))
        #expect(throws: JSONError(.unknownMember, "")) { try root.allowOnly([]) }
    }

    @Test func errorsAreEqualWhenTheirCodesAre() {
        #expect(JSONError(.missing, "a") == JSONError(.missing, "b"))
        #expect(JSONError(.missing, "a") != JSONError(.mismatch, "a"))
    }
}
