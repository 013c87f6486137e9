import BundleSpec
import Foundation
import OCI
import Testing

@Suite struct LockFileTests {
    private func digest(_ byte: UInt8) -> Digest { Digest(bytes: Array(repeating: byte, count: 32)) }

    private func descriptor(_ byte: UInt8, size: Int64 = 525) -> Descriptor {
        Descriptor(mediaType: .ociIndex, digest: digest(byte), size: size)
    }

    @Test func `a lock file has one spelling and comes back from it`() throws {
        let lock = LockFile(images: [
            "nginx:1": descriptor(1),
            "debian:12": Descriptor(
                mediaType: .dockerManifest, digest: digest(2), size: 7, platform: .host, annotations: ["a": "b"]),
        ])
        let text = """
            {
              "format": 1,
              "images": [
                {
                  "digest": "\(digest(2))",
                  "image": "debian:12",
                  "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
                  "size": 7
                },
                {
                  "digest": "\(digest(1))",
                  "image": "nginx:1",
                  "mediaType": "application/vnd.oci.image.index.v1+json",
                  "size": 525
                }
              ]
            }

            """
        #expect(String(decoding: lock.bytes(), as: UTF8.self) == text)
        let parsed = try LockFile(parsing: lock.bytes())
        #expect(parsed == lock)
        #expect(parsed.descriptor(for: "nginx:1") == descriptor(1))
        #expect(parsed.descriptor(for: "nginx") == nil)
    }

    @Test func `referrers stand with their image, sorted, and only where there are some`() throws {
        let tag = "sha256-" + digest(1).hex + ".sig"
        let lock = LockFile(
            images: ["nginx:1": descriptor(1), "debian:12": descriptor(2)],
            referrers: [
                "nginx:1": [PinnedReferrer(descriptor(9), tag: tag), PinnedReferrer(descriptor(3, size: 7))],
                "debian:12": [],
            ])
        let text = String(decoding: lock.bytes(), as: UTF8.self)
        #expect(
            text.contains(
                """
                      "referrers": [
                        {
                          "digest": "\(digest(3))",
                          "mediaType": "application/vnd.oci.image.index.v1+json",
                          "size": 7
                        },
                        {
                          "digest": "\(digest(9))",
                          "mediaType": "application/vnd.oci.image.index.v1+json",
                          "size": 525,
                          "tag": "\(tag)"
                        }
                      ],
                """))
        #expect(text.components(separatedBy: "referrers").count == 2)
        let parsed = try LockFile(parsing: lock.bytes())
        #expect(parsed == lock && parsed.referrers(for: "nginx:1").map(\.tag) == [nil, tag])
        for (old, new) in [
            (".sig", ".gis"), (".sig", ""), ("\"size\": 7", "\"size\": 0"), ("\"size\": 7", "\"size\": 7, \"x\": 1"),
            ("image.index", "image.config"),
        ] {
            let changed = text.replacingOccurrences(of: old, with: new)
            #expect(throws: SpecError(.lock, "", file: "")) { try LockFile(parsing: Array(changed.utf8)) }
        }
    }

    @Test func `an empty lock file comes back`() throws {
        #expect(try LockFile(parsing: LockFile(images: [:]).bytes()) == LockFile(images: [:]))
    }

    @Test(arguments: [
        "", "[]", "{}", "null", #"{"format":1}"#, #"{"images":[]}"#, #"{"format":2,"images":[]}"#,
        #"{"format":"1","images":[]}"#, #"{"format":1,"images":{}}"#, #"{"format":1,"images":[],"extra":1}"#,
        #"{"format":1,"format":1,"images":[]}"#, #"{"format":1,"images":[]} x"#, #"{"format":1,"images":["nginx"]}"#,
    ])
    func `what is not a lock file is refused`(text: String) {
        #expect(throws: SpecError(.lock, "", file: "")) { try LockFile(parsing: Array(text.utf8)) }
    }

    @Test(arguments: [
        (old: "sha256:", new: "sha512:"), (old: "0101", new: "01AB"), (old: "0101", new: "01"),
        (old: #""size": 525"#, new: #""size": 0"#), (old: #""size": 525"#, new: #""size": -1"#),
        (old: #""size": 525"#, new: #""size": 5.25"#), (old: #""size": 525"#, new: #""size": "525""#),
        (old: #""size": 525"#, new: #""size": 99999999999999999999"#),
        (old: #""size": 525"#, new: #""size": 525, "extra": 1"#), (old: #""image""#, new: #""name""#),
        (old: "image.index", new: "image.config"), (old: "nginx:1", new: ""), (old: "nginx:1", new: "debian:12"),
    ])
    func `an entry that is not exact is refused`(old: String, new: String) throws {
        let bytes = LockFile(images: ["debian:12": descriptor(2), "nginx:1": descriptor(1)]).bytes()
        let text = String(decoding: bytes, as: UTF8.self)
        let range = try #require(text.lastRange(of: old))
        let changed = text[..<range.lowerBound] + new + text[range.upperBound...]
        let error = #expect(throws: SpecError.self) { try LockFile(parsing: Array(changed.utf8), fileName: "l.json") }
        #expect(error?.code == .lock)
        #expect(error?.message.hasPrefix("l.json: ") == true)
        #expect(error?.message.contains("bundle lock") == true)
    }

    @Test func `a lock file on disk is read`() throws {
        let scratch = try ScratchDirectory()
        let lock = LockFile(images: ["nginx:1": descriptor(1)])
        #expect(try LockFile.load(path: try scratch.write(lock.bytes(), as: "a.lock.json")) == lock)
        #expect(throws: SpecError(.unreadable, "", file: "")) {
            try LockFile.load(path: scratch.url.appendingPathComponent("absent").path)
        }
    }

    @Test(arguments: [
        (spec: "site.yaml", lock: "site.lock.json"), (spec: "a/site.yml", lock: "a/site.lock.json"),
        (spec: "site.v2.yaml", lock: "site.v2.lock.json"), (spec: "site", lock: "site.lock.json"),
        (spec: "site.yaml.in", lock: "site.yaml.in.lock.json"),
    ])
    func `a lock file lies beside its spec`(spec: String, lock: String) {
        #expect(LockFile.defaultPath(forSpec: spec) == lock)
    }

    @Test func `stale entries are told apart`() throws {
        let pinned = "redis@\(digest(3))"
        let specification = try parse(spec(images: "nginx:1", "debian:12", pinned))
        let fitting = LockFile(images: ["nginx:1": descriptor(1), "debian:12": descriptor(2), pinned: descriptor(3)])
        let stale = LockFile(images: ["nginx:2": descriptor(1), "debian:12": descriptor(2), "alpine": descriptor(4)])
        let contradicting = LockFile(images: [
            "nginx:1": descriptor(1), "debian:12": descriptor(2), pinned: descriptor(4),
        ])
        #expect(fitting.staleEntries(against: specification) == ([], []))
        #expect(stale.staleEntries(against: specification) == (["nginx:1", pinned], ["alpine", "nginx:2"]))
        #expect(contradicting.staleEntries(against: specification) == ([pinned], []))
    }
}

extension String {
    fileprivate func lastRange(of text: String) -> Range<String.Index>? {
        indices.reversed().first { self[$0...].hasPrefix(text) }.map { $0..<index($0, offsetBy: text.count) }
    }
}
