import BundleFormat
import BundleLoader
import OCI
import Testing

@Suite struct LoadPolicyTests {
    private static let keyID = StatementFixture.digest("a key").hex

    private static func parse(_ text: String) throws(LoadError) -> LoadPolicy {
        try LoadPolicy(parsing: Array(text.utf8), path: "/t/policy")
    }

    @Test func nothingSaidAsksForOneSignature() throws {
        let policy = try Self.parse("\n# nothing\n")
        #expect(policy == LoadPolicy())
        #expect(policy.threshold == 1)
        #expect(policy.epoch == 0)
        #expect(policy.allowDowngradeTo == nil)
        #expect(policy.expiry == .ifClockSane)
    }

    @Test func everyLineIsRead() throws {
        let policy = try Self.parse(
            """
            require: 2
            product: edge
            channel: stable
            channel:beta
            revoked: \(Self.keyID)
            revoked: \(Self.keyID)
            epoch: 3
            allow-downgrade-to: 41
            expiry: require
            """)
        #expect(policy.threshold == 2)
        #expect(policy.product == "edge")
        #expect(policy.channels == ["stable", "beta"])
        #expect(policy.revoked == [StatementFixture.digest("a key")])
        #expect(policy.epoch == 3)
        #expect(policy.allowDowngradeTo == 41)
        #expect(policy.expiry == .require)
    }

    @Test(arguments: [
        "require: 0", "require: 17", "require: -1", "require: two", "require:", "require: 01", "require: 1 of release",
        "require 1", "require = 1", "Require: 1", "requires: 1", " : 1", "require : 1",
        "product: Edge", "product: a/b", "product: ..", "product:", "channel: ", "channel: a b", "channel: stable # no",
        "revoked: " + String(keyID.dropLast()), "revoked: " + keyID.uppercased() + "A", "revoked: sha256:" + keyID,
        "revoked: " + keyID.uppercased(), "revoked: " + keyID + "0",
        "epoch: -1", "epoch: 1000000000000", "epoch: 1.0", "epoch: 0x1", "allow-downgrade-to: 0",
        "allow-downgrade-to: x", "expiry: no", "expiry: Require", "expiry: if-clock-sane ignore", "anything: goes",
        "require: 1\nrequire: 1", "product: a\nproduct: a", "epoch: 1\nepoch: 2", "expiry: ignore\nexpiry: require",
        "require: 1\r", "require: 1\u{0}", "require:\t1", "require: \u{0661}",
    ])
    func whatIsNoLineIsRefusedWithItsNumber(text: String) {
        let error = #expect(throws: LoadError(.configuration, "")) { try Self.parse("# policy\n" + text) }
        #expect(error?.message.contains("/t/policy, line \(text.split(separator: "\n").count + 1): ") == true)
    }

    @Test func aNearMissIsNamed() {
        let error = #expect(throws: LoadError.self) { try Self.parse("revokd: x") }
        #expect(error?.message.contains("did you mean 'revoked'?") == true)
    }

    @Test func productAndChannelArePinned() throws {
        let statement = try StatementFixture.statement(product: "edge", channel: "stable")
        for text in ["", "product: edge", "channel: stable", "channel: beta\nchannel: stable\nproduct: edge"] {
            #expect(throws: Never.self) { try Self.parse(text).check(statement) }
        }
        for text in ["product: edge2", "product: edg", "channel: beta", "product: edge\nchannel: beta", "channel: s"] {
            #expect(throws: LoadError(.notTrusted, ""), "\(text)") { try Self.parse(text).check(statement) }
        }
    }
}
