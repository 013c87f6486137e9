import BundleSpec
import Foundation
import Testing

/// A directory of its own for each test.
struct ScratchDirectory: ~Copyable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("bundle-spec-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func write(_ bytes: some Sequence<UInt8>, as name: String) throws -> String {
        let file = url.appendingPathComponent(name)
        try Data(bytes).write(to: file)
        return file.path
    }
}

@Suite struct HostileTextTests {
    private func refusal(of bytes: [UInt8]) throws -> SpecError? {
        let scratch = try ScratchDirectory()
        let path = try scratch.write(bytes, as: "spec.yaml")
        return #expect(throws: SpecError.self) { try Specification.load(path: path) }
    }

    @Test func `bytes that are not UTF-8 are refused where they stand`() throws {
        for bad: [UInt8] in [[0xFF], [0xC3, 0x28], [0xED, 0xA0, 0x80], [0xC0, 0x80], [0xE2, 0x82]] {
            let error = try refusal(of: Array("product: é\nversion: é".utf8) + bad)
            #expect(error?.code == .malformed)
            #expect(error?.line == 2)
            #expect(error?.column == 11)
        }
    }

    @Test func `UTF-16 is refused`() throws {
        let units = Array("product: p\nversion: 1\nimages: [a]\n".utf16)
        let error = try refusal(of: [0xFF, 0xFE] + units.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] })
        #expect(error?.code == .malformed)
    }

    @Test func `a byte order mark and carriage returns are taken`() throws {
        let specification = try parse("\u{FEFF}product: p\r\nversion: 1\r\nimages:\r\n  - nginx:1\r\n")
        #expect(specification.images.map(\.key) == ["nginx:1"])
        let error = #expect(throws: SpecError.self) { try parse("\u{FEFF}produkt: p\r\nversion: 1\r\nimages: [a]") }
        #expect(error?.column == 1)
    }

    @Test func `a spec of 1 MiB is read and one byte more is refused`() throws {
        let spec = "product: p\nversion: 1\nimages: [a]\n#"
        let filler = String(repeating: "x", count: (1 << 20) - spec.utf8.count)
        #expect(try parse(spec + filler).product == "p")
        #expect(throws: SpecError(.malformed, "", file: "")) { try parse(spec + filler + "x") }
        let error = try refusal(of: Array((spec + filler + filler).utf8))
        #expect(error?.code == .malformed)
    }

    @Test func `an alias bomb is refused quickly`() throws {
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...30 {
            let names = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            bomb += "a\(level): &a\(level) [\(names)]\n"
        }
        let clock = ContinuousClock()
        for text in [bomb, bomb + "? *a30\n: x\n"] {
            let taken = clock.measure { #expect(throws: SpecError(.malformed, "", file: "")) { try parse(text) } }
            #expect(taken < .seconds(120))
        }
    }

    @Test func `an alias bomb in a key is refused quickly`() {
        var bomb = "a0: &a0 [\(Array(repeating: "x", count: 1000).joined(separator: ","))]\n"
        for level in 1...5 { bomb += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1), *a\(level - 1)]\n" }
        let taken = ContinuousClock().measure {
            #expect(throws: SpecError(.malformed, "", file: "")) { try parse(bomb + "? *a5\n: x\n") }
        }
        #expect(taken < .seconds(120))
    }

    @Test func `words that look like aliases may stand in comments and quotes`() throws {
        let stars = String(repeating: "x *y", count: 5)
        #expect(try parse("# \(stars)\nproduct: p\nversion: 1\nvariables: { A: '\(stars)' }\nimages: [a]").version == 1)
    }

    @Test(arguments: ["[", "{", "- ", "? ", "[[{a: "])
    func `deep nesting is refused`(opening: String) {
        #expect(throws: SpecError(.malformed, "", file: "")) {
            try parse(String(repeating: opening, count: 200_000 / opening.utf8.count))
        }
    }

    @Test func `no prefix of a spec crashes the reader`() throws {
        let yaml = """
            product: p
            version: 1
            registries: { r.example: { username: "u", password: 'swordfish' } }
            variables: { A: "${B:-b}" }
            images:
              - image: r.example/${A}:2.10
                as: [local/x:1]
              - "nginx"

            """
        let bytes = Array(yaml.utf8)
        for length in 0..<bytes.count {
            do throws(SpecError) {
                _ = try parse(String(decoding: bytes[..<length], as: UTF8.self))
            } catch {
                #expect(!error.message.contains("swordfish"))
                #expect(error.line != nil)
            }
        }
        for position in bytes.indices {
            for replacement: UInt8 in [0x09, 0x0A, 0x20, 0x21, 0x22, 0x24, 0x26, 0x27, 0x2A, 0x3A, 0x5B, 0x7B, 0x7D] {
                var changed = bytes
                changed[position] = replacement
                do throws(SpecError) { _ = try parse(String(decoding: changed, as: UTF8.self)) } catch {
                    #expect(error.line != nil)
                }
            }
        }
    }

    @Test func `what is not a file is unreadable`() throws {
        let scratch = try ScratchDirectory()
        for path in [scratch.url.path, scratch.url.appendingPathComponent("absent.yaml").path] {
            let error = #expect(throws: SpecError.self) { try Specification.load(path: path) }
            #expect(error?.code == .unreadable)
            #expect(error?.message.hasPrefix(path) == true)
        }
    }

    @Test func `relative paths belong to the spec's folder`() throws {
        let scratch = try ScratchDirectory()
        let path = try scratch.write(
            """
            product: p
            version: 1
            registries: { r.example: { ca-file: tls/ca.pem } }
            images: [{ image: "oci-layout:./x", as: [x] }]
            """.utf8, as: "spec.yaml")
        let specification = try Specification.load(path: path)
        #expect(specification.directory == scratch.url.path)
        #expect(specification.registries["r.example"]?.caFile == scratch.url.path + "/tls/ca.pem")
        #expect(specification.images.map(\.source) == [.layout(path: scratch.url.path + "/x", reference: nil)])
    }
}
