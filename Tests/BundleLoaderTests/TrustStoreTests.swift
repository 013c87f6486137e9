import BundleFormat
import BundleLoader
import Cryptography
import Glibc
import OCI
import TestSupport
import Testing

@Suite struct TrustStoreTests {
    private let home: TemporaryDirectory
    private let keys: [PublicKey]

    init() throws {
        home = try TemporaryDirectory()
        keys = try (0..<3).map { _ in try PrivateKey.generate(.ed25519).publicKey }
        for (index, key) in keys.enumerated() { try home.write(key.pem, to: "\(index).pub") }
    }

    private var store: TrustStore {
        get throws { try TrustStore(directory: home.path) }
    }

    private func expectNoTrust(_ sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(throws: LoadError(.notTrusted, ""), sourceLocation: sourceLocation) { try store }
    }

    @Test func withoutPolicyOneOfAnyKeyIsEnough() throws {
        let store = try store
        #expect(Set(store.keys.keys) == Set(keys))
        #expect(store.keys.threshold == 1)
        #expect(store.policy == LoadPolicy())
        #expect(store.revokedKeys.isEmpty)
    }

    @Test func anEmptyOrAbsentDirectoryIsNoPass() throws {
        for path in [try home.makeDirectory("empty"), home.path("absent"), home.path("0.pub")] {
            #expect(throws: LoadError(.notTrusted, "")) { try TrustStore(directory: path) }
        }
        // Keys with another ending, or below, are none.
        try home.makeDirectory("empty/below")
        try home.write(keys[0].pem, to: "empty/key.pem")
        try home.write(keys[0].pem, to: "empty/below/key.pub")
        #expect(throws: LoadError(.notTrusted, "")) { try TrustStore(directory: home.path("empty")) }
    }

    @Test func whatIsNamedLikeAKeyMustBeAFile() throws {
        let elsewhere = try TemporaryDirectory()
        try elsewhere.write(keys[0].pem, to: "key.pub")
        for make in [
            { symlink(elsewhere.path("key.pub"), home.path("link.pub")) },
            { symlink("0.pub", home.path("link.pub")) }, { symlink("nowhere", home.path("link.pub")) },
            { mkdir(home.path("link.pub"), 0o755) }, { mkfifo(home.path("link.pub"), 0o644) },
        ] {
            #expect(make() == 0)
            let error = #expect(throws: LoadError(.notTrusted, "")) { try store }
            #expect(error?.message.contains("link.pub is ") == true)
            #expect(remove(home.path("link.pub")) == 0)
        }
        #expect(try store.keys.keys.count == 3)
        // A name that cannot be shown is not left out either.
        try home.write(keys[0].pem, to: "\u{202E}.pub")
        expectNoTrust()
    }

    @Test func revokedKeysCountNoMore() throws {
        try home.write("revoked: \(keys[1].id.hex)\nrequire: 2\n", to: "policy")
        #expect(Set(try store.keys.keys) == [keys[0], keys[2]])
        #expect(try store.keys.threshold == 2)
        #expect(try store.revokedKeys == [keys[1].id])
        // A copy of a revoked key under another name is revoked as well.
        try home.write(keys[1].pem, to: "new.pub")
        #expect(try !store.keys.keys.contains(keys[1]))
    }

    @Test func aThresholdAboveTheRemainingKeysIsNoTrust() throws {
        try home.write("require: 3", to: "policy")
        #expect(try store.keys.threshold == 3)
        try home.write("require: 3\nrevoked: \(keys[0].id.hex)", to: "policy")
        expectNoTrust()
        try home.write(keys.map { "revoked: \($0.id.hex)\n" }.joined(), to: "policy")
        expectNoTrust()
    }

    @Test func copiesOfAKeyCountOnce() throws {
        try home.write(keys[0].pem, to: "1.pub")
        try home.write(keys[0].pem, to: "2.pub")
        try home.write("require: 2", to: "policy")
        expectNoTrust()
    }

    @Test func whatIsNoKeyOrTooManyIsNoTrust() throws {
        try home.write("nothing", to: "3.pub")
        expectNoTrust()
        for index in 3..<17 { try home.write(try PrivateKey.generate(.ed25519).publicKey.pem, to: "\(index).pub") }
        expectNoTrust()
    }

    @Test func aPolicyThatCannotBeReadIsNeverAsNone() throws {
        try home.write("require: 1", to: "elsewhere")
        #expect(symlink("elsewhere", home.path("policy")) == 0)
        expectNoTrust()
        #expect(unlink(home.path("policy")) == 0)
        #expect(symlink("nowhere", home.path("policy")) == 0)
        expectNoTrust()
        #expect(unlink(home.path("policy")) == 0)
        try home.makeDirectory("policy")
        expectNoTrust()
        #expect(rmdir(home.path("policy")) == 0)
        #expect(mkfifo(home.path("policy"), 0o600) == 0)
        expectNoTrust()
        #expect(unlink(home.path("policy")) == 0)
        try home.write("# " + String(repeating: "x\n# ", count: 40_000), to: "policy")
        expectNoTrust()
        try home.write("require: 0", to: "policy")
        #expect(throws: LoadError(.configuration, "")) { try store }
    }

    @Test func aDirectoryThatOthersMayChangeIsNoTrust() throws {
        for mode in [0o777, 0o757, 0o775, 0o1777] as [mode_t] {
            #expect(chmod(home.path, mode) == 0)
            expectNoTrust()
        }
        #expect(chmod(home.path, 0o755) == 0)
        #expect(throws: Never.self) { try store }
        guard geteuid() == 0 else { return }
        #expect(chown(home.path, 12345, 0) == 0)
        expectNoTrust()
    }
}
