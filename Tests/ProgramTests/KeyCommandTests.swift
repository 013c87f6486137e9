import Foundation
import OCI
import StrictJSON
import TestSupport
import Testing

/// `bundle keygen` and `bundle sign`.
@Suite struct KeyCommandTests {
    static let algorithms = ["ed25519", "ecdsa-p256", "ecdsa-p384", "rsa-pss"]

    /// A program with a bundle of one small image.
    private static func bundle() async throws -> Program {
        let program = try await Program()
        var images = ImageSet()
        images.add(try await ImageFactory.small(), tag: "one")
        try images.write(to: program.directory.path("layout"))
        try await program.build(try program.spec("  - image: oci-layout:./layout@one\n    as: [local/one:1]"))
        return program
    }

    private static func mode(_ program: Program, _ name: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: program.directory.path(name))
        return attributes[.posixPermissions] as? Int ?? 0
    }

    @Test(arguments: algorithms)
    func `a key pair is private, usable and never replaced`(algorithm: String) async throws {
        let program = try await Self.bundle()
        let keys = program.directory.path("more/deep")
        // The mode is exact, whatever the umask is.
        let keygen = Command(
            "sh",
            [
                "-c", "umask 000; exec \"$0\" \"$@\"", Program.path, "keygen", "--output", keys, "--name", "k",
                "--algorithm", algorithm,
            ])
        try await keygen.check()
        #expect(try Self.mode(program, "more/deep/k.key") == 0o600)
        #expect(try Self.mode(program, "more/deep/k.pub") == 0o644)
        let before = try program.tree("more")
        try await program.fail(64, "keygen", "--output", keys, "--name", "k", "--algorithm", algorithm)
        try program.remove("more/deep/k.pub")
        try await program.fail(64, "keygen", "--output", keys, "--name", "k")
        #expect(try program.tree("more")["deep/k.key"] == before["deep/k.key"])
        // openssl finds the same public key in the private one.
        let text = try await Command.text("openssl", "pkey", "-in", keys + "/k.key", "-pubout")
        #expect(before["deep/k.pub"].map { String(decoding: $0, as: UTF8.self) } == text + "\n")
        try program.directory.write(try #require(before["deep/k.pub"]), to: "more/deep/k.pub")
        try await program.succeed("sign", program.directory.path("bundle"), "--key", keys + "/k.key")
        try await program.succeed("verify", program.directory.path("bundle"), "--trust", keys + "/k.pub")
        try await program.expectWhole()
    }

    @Test func `a second signature makes a threshold of two`() async throws {
        let program = try await Self.bundle()
        let bundle = program.directory.path("bundle")
        try await program.succeed("keygen", "--output", program.directory.path("keys"), "--name", "second")
        let second = program.directory.path("keys/second")
        let both = ["verify", bundle, "--trust", program.trusted, "--trust", second + ".pub", "--threshold", "2"]
        #expect(try await program.command(both).run().status == .exited(3))
        try await program.succeed("sign", bundle, "--key", second + ".key")
        let once = try program.tree()
        try await program.command(both).check()
        // Signing again changes nothing, and the same key does not count twice.
        try await program.succeed("sign", bundle, "--key", second + ".key")
        #expect(try program.tree() == once)
        try await program.fail(
            3, "verify", bundle, "--trust", program.trusted, "--trust", program.trusted, "--threshold", "2")
        // A directory of public keys; the private ones in it are not looked at.
        let report = try await program.command(
            ["verify", bundle, "--trust", program.directory.path("keys"), "--threshold", "2", "--json"]).check().output
        #expect(try JSONNode(parsing: report).member("signers").elements().count == 2)
        try await program.fail(3, "verify", bundle, "--trust", program.trusted, "--threshold", "2")
        for meaningless in ["0", "17"] {
            try await program.fail(64, "verify", bundle, "--trust", program.trusted, "--threshold", meaningless)
        }
    }

    @Test func `keys are made only under plain names in a directory`() async throws {
        let program = try await Program()
        let keys = program.directory.path("made")
        for name in ["", ".", "..", "../x", "a/b", "/x", ".hidden", "a b", "\u{212A}", "é"] {
            let text = try await program.fail(64, "keygen", "--output", keys, "--name", name)
            #expect(text.contains("--output"))
        }
        #expect(!program.exists("made"))
        try await program.succeed("keygen", "--output", keys, "--name", "Site_1.a-b")
        #expect(try program.tree("made").keys.sorted() == ["Site_1.a-b.key", "Site_1.a-b.pub"])
        try program.directory.write("mine", to: "file")
        for output in ["file", "file/keys"] {
            try await program.fail(64, "keygen", "--output", program.directory.path(output))
        }
        #expect(try program.directory.read("file") == Array("mine".utf8))
    }

    @Test func `a directory where a key should be is named as such`() async throws {
        let program = try await Self.bundle()
        let bundle = program.directory.path("bundle")
        let keys = program.directory.path("keys")
        for arguments in [
            ["--key", keys], ["--key", program.key, "--passphrase-file", keys],
            ["--attach", program.key, "--public-key", keys], ["--attach", keys, "--public-key", program.trusted],
        ] {
            let result = try await program.command(["sign", bundle] + arguments).run()
            #expect(result.status == .exited(64))
            #expect(result.errorText == "bundle: reading \(keys): it is a directory or cannot be read; name a file\n")
        }
    }

    @Test(.enabled(if: Toolbox.has("openssl")), arguments: algorithms)
    func `what openssl signed outside is attached after it is verified`(algorithm: String) async throws {
        let program = try await Self.bundle()
        let bundle = program.directory.path("bundle")
        let keys = program.directory.path("keys")
        try await program.succeed("keygen", "--output", keys, "--name", "hsm", "--algorithm", algorithm)
        let instructions = try await program.succeed("sign", bundle, "--external")
        let statement = try program.directory.read("bundle/STATEMENT")
        let sum = try await Command.text("sha256sum", bundle + "/STATEMENT").prefix(64)
        #expect(instructions.contains("\(statement.count) bytes") && instructions.contains(sum))
        // The very line that the program tells to type.
        let start = [
            "ed25519": "Ed25519", "ecdsa-p256": "ECDSA P-256", "ecdsa-p384": "ECDSA P-384", "rsa-pss": "RSA-PSS",
        ]
        let name = try #require(start[algorithm])
        let line = try #require(instructions.split(separator: "\n").first { $0.hasPrefix(name) }).dropFirst(name.count)
        let typed = line.replacingOccurrences(of: " KEY ", with: " \(keys)/hsm.key ")
            .replacingOccurrences(of: "signature.bin", with: program.directory.path("signature.bin"))
        try await Command("sh", ["-c", typed]).check()

        let before = try program.tree()
        let signature = try program.directory.read("signature.bin")
        var flipped = signature
        flipped[flipped.count / 2] ^= 1
        for (number, wrong) in [flipped, Array(signature.dropLast()), signature + [0], [], statement].enumerated() {
            let file = try program.directory.write(wrong, to: "wrong.bin")
            try await program.fail(3, "sign", bundle, "--attach", file, "--public-key", keys + "/hsm.pub")
            #expect(try program.tree() == before, "\(number)")
        }
        try await program.fail(
            3, "sign", bundle, "--attach", program.directory.path("signature.bin"), "--public-key", program.trusted)
        #expect(try program.tree() == before)
        try await program.succeed(
            "sign", bundle, "--attach", program.directory.path("signature.bin"), "--public-key", keys + "/hsm.pub")
        #expect(try program.tree().count == before.count + 1)
        try await program.succeed("verify", bundle, "--trust", keys + "/hsm.pub")
        try await program.succeed("verify", bundle, "--trust", keys, "--threshold", "2")
    }

    @Test func `a bundle that contradicts itself is not signed`() async throws {
        let program = try await Self.bundle()
        let bundle = program.directory.path("bundle")
        try await program.refuse("sign", bundle)
        #expect(try await program.refuse("sign", bundle, "--kye=\(program.key)").contains("'--kye'"))
        try await program.refuse(
            "sign", bundle, "--attach", program.key, "--public-key", program.trusted, "--passphrase-file", program.key)
        try await program.refuse("sign", bundle, "--key", program.key, "--external")
        try await program.refuse("sign", bundle, "--attach", program.key)
        try await program.fail(5, "sign", program.directory.path("nowhere"), "--key", program.key)
        let manifest = try program.directory.read("bundle/manifest.json")
        try program.directory.write(manifest + [0x20], to: "bundle/manifest.json")
        let before = try program.tree()
        try await program.fail(4, "sign", bundle, "--key", program.key)
        #expect(try program.tree() == before)
    }

    @Test func `a key with a passphrase signs with it only`() async throws {
        let program = try await Self.bundle()
        let locked = program.directory.path("locked.key")
        try await Command(
            "openssl", ["pkey", "-in", program.key, "-aes-256-cbc", "-passout", "pass:secret", "-out", locked]
        ).check()
        let right = try program.directory.write("secret\n", to: "right")
        let wrong = try program.directory.write("wrong\n", to: "wrong")
        let bundle = program.directory.path("bundle")
        #expect(try await program.fail(64, "sign", bundle, "--key", locked).contains("--passphrase-file"))
        let text = try await program.fail(64, "sign", bundle, "--key", locked, "--passphrase-file", wrong)
        #expect(text.hasSuffix("the passphrase is wrong, or the file is damaged\n"))
        let before = try program.tree()
        try await program.succeed("sign", bundle, "--key", locked, "--passphrase-file", right)
        #expect(try program.tree() == before)
    }
}
