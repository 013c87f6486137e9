import BundleSpec
import OCI
import Testing

@Suite struct InterpolationTests {
    private func key(
        _ image: String, variables: String = "{}", set overrides: [String: String] = [:],
        environment: [String: String] = [:]
    ) throws -> String {
        let yaml = "product: p\nversion: 1\nvariables: \(variables)\nimages:\n  - \(image)\n"
        return try #require(try parse(yaml, set: overrides, environment: environment).images.first).key
    }

    @Test func `overrides win over the environment, and both over variables`() throws {
        let variables = "{ A: from-variables }"
        #expect(try key("x/${A}", variables: variables) == "x/from-variables")
        #expect(try key("x/${A}", variables: variables, environment: ["A": "from-site"]) == "x/from-site")
        #expect(
            try key("x/${A}", variables: variables, set: ["A": "from-set"], environment: ["A": "from-site"])
                == "x/from-set")
    }

    @Test func `variables of variables see overrides`() throws {
        let variables = "{ A: \"${B}/${C}\", B: b, C: \"${D}c\", D: d }"
        #expect(try key("${A}", variables: variables) == "b/dc")
        #expect(try key("${A}", variables: variables, set: ["D": "e"]) == "b/ec")
    }

    @Test func `the spec of the design gives the reference that it promises`() throws {
        #expect(
            try key(
                "${REGISTRY_URL}/${REGISTRY_ENV}chromium:2.8.0",
                variables: "{ REGISTRY_URL: registry.example.com, REGISTRY_ENV: acme }")
                == "registry.example.com/acmechromium:2.8.0")
    }

    @Test(
        arguments: [
            (image: "a:${T:-1.0}", environment: [:], expected: "a:1.0"),
            (image: "a:${T:-1.0}", environment: ["T": ""], expected: "a:1.0"),
            (image: "a:${T:-1.0}", environment: ["T": "2"], expected: "a:2"),
            (image: "a${T:-}", environment: [:], expected: "a"),
            (image: "a${T}", environment: ["T": ""], expected: "a"),
            (image: "${T}${T}:${T}", environment: ["T": "t"], expected: "tt:t"),
        ] as [(image: String, environment: [String: String], expected: String)])
    func `a default stands in for what is undefined or empty`(
        image: String, environment: [String: String], expected: String
    ) throws {
        #expect(try key(image, environment: environment) == expected)
    }

    @Test func `values from outside are never interpolated`() throws {
        let yaml = """
            product: p
            version: 1
            registries:
              r.example: { username: "${U}", password: "${P}" }
            images: [a]
            """
        let settings = try parse(yaml, set: ["U": "${P}"], environment: ["P": "$$${U}$"]).registries["r.example"]
        #expect(settings?.username == "${P}")
        #expect(settings?.password == "$$${U}$")
    }

    @Test func `two dollar signs give one, once`() throws {
        let yaml = """
            product: p
            version: 1
            variables: { A: "$${B}" }
            registries:
              r.example: { username: "a$$b", password: "${A}$$$$" }
            images: [a]
            """
        let settings = try parse(yaml).registries["r.example"]
        #expect(settings?.username == "a$b")
        #expect(settings?.password == "${B}$$")
    }

    @Test func `every kind of value is interpolated`() throws {
        let yaml = """
            product: ${P}
            channel: ${C}
            version: ${V}
            platforms: ["${O}/arm64"]
            registries:
              ${R}:5000: { plain-http: "${H}" }
            images:
              - image: ${R}:5000/a
                as: ["${N}:1"]
                groups: ["${G}"]
                priority: ${I}
                tags: ${T}
                store: ${S}
            """
        let specification = try parse(
            yaml,
            environment: [
                "P": "p", "C": "c", "V": "3", "O": "linux", "R": "r.example", "H": "true", "N": "n", "G": "g", "I": "0",
                "T": "fail", "S": "original",
            ])
        let image = try #require(specification.images.first)
        #expect(specification.product + specification.channel == "pc")
        #expect(specification.version == 3)
        #expect(specification.platforms.map(\.description) == ["linux/arm64"])
        #expect(specification.registries == ["r.example:5000": RegistrySettings(plainHTTP: true)])
        #expect(image.names.map(\.description) == ["r.example:5000/a:latest", "docker.io/library/n:1"])
        #expect(image.groups == ["g"])
        #expect(image.priority == 0)
        #expect(image.tagPolicy == .fail)
        #expect(image.storage == .original)
    }

    @Test func `keys are not interpolated, but for registries`() {
        #expect(throws: SpecError(.unknownKey, "", file: "")) {
            try parse("${K}: p\nversion: 1\nimages: [a]", environment: ["K": "product"])
        }
    }

    @Test func `an override that nothing uses is refused with the nearest name`() throws {
        let error = #expect(throws: SpecError.self) {
            try parse(spec(images: "${REGISTRY_URL:-r.example}/a"), set: ["REGISTRY_ULR": "x"])
        }
        #expect(error?.code == .undefinedVariable)
        #expect(error?.message.contains("did you mean 'REGISTRY_URL'?") == true)
    }

    @Test func `variables that double each other stay bounded`() {
        let lines = (1...40).map { "  V\($0): \"${V\($0 - 1)}${V\($0 - 1)}\"\n" }.joined()
        #expect(throws: SpecError(.malformed, "", file: "")) {
            try parse("product: p\nversion: 1\nvariables:\n  V0: xxxxxxxx\n\(lines)images: [a]")
        }
    }

    @Test func `many long values stay bounded`() {
        let names = String(repeating: "${V}", count: 16000)
        let lines = (0..<8).map { "  A\($0): \"\(names)\"\n" }.joined()
        #expect(throws: SpecError(.malformed, "", file: "")) {
            try parse("product: p\nversion: 1\nvariables:\n  V: xxxxxxxx\n\(lines)images: [a]")
        }
    }

    @Test func `the value of a variable with a secret's name is in no message`() {
        for name in ["REGISTRY_PASSWORD", "github_token", "SECRET"] {
            let error = #expect(throws: SpecError.self) {
                try parse(spec(images: "${\(name)}//a"), environment: [name: "swordfish"])
            }
            #expect(error?.code == .invalidValue)
            #expect(error?.message.contains("***//a") == true)
            #expect(error?.message.contains("swordfish") == false)
        }
    }
}
