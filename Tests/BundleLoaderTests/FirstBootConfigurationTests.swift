import BundleLoader
import TestSupport
import Testing

@Suite struct FirstBootConfigurationTests {
    private static let path = "/etc/bundle/firstboot.env"

    private static func parse(
        _ text: String, environment: [String: String] = [:]
    ) throws(LoadError) -> FirstBootConfiguration {
        try FirstBootConfiguration(parsing: Array(text.utf8), path: path, environment: environment)
    }

    private static func refusal(_ text: String, environment: [String: String] = [:]) -> String? {
        refusal(Array(text.utf8), environment: environment)
    }

    private static func refusal(_ bytes: [UInt8], environment: [String: String] = [:]) -> String? {
        do {
            _ = try FirstBootConfiguration(parsing: bytes, path: path, environment: environment)
            return nil
        } catch {
            return error.code == .configuration ? error.message : nil
        }
    }

    @Test func nothingSaidIsTheDefaults() throws {
        let configuration = try Self.parse("")
        #expect(!configuration.loadImage)
        #expect(configuration.source == nil)
        #expect(configuration.target == .docker(socket: "/run/docker.sock"))
        #expect(configuration.trustDirectory == "/etc/bundle/trust.d")
        #expect(configuration.groups.isEmpty)
        #expect(configuration.stateDirectory == "/var/lib/bundle")
        #expect(configuration.readyDirectory == "/run/bundle/ready")
        #expect(configuration.wait == .seconds(120))
    }

    @Test func everyKeyIsRead() throws {
        let text = """
            # What the OEM wrote.

              LOAD_IMAGE=true
            BUNDLE_PATH="LABEL=OEM MEDIA/bundles/edge/"
            TARGET = registry-dir
            """
        #expect(Self.refusal(text)?.contains("line 5: 'TARGET ' is no key") == true)
        let configuration = try Self.parse(
            text.replacing("TARGET = registry-dir", with: "TARGET= 'registry-dir' ")
                + "\nTARGET_PATH=/srv/registry data\nTRUST_DIR=/t\nGROUPS= a, B.1  c_d,\nSTATE_DIR=/s\nREADY_DIR=/r\nWAIT=0"
        )
        #expect(configuration.loadImage)
        #expect(configuration.source == .label("OEM MEDIA", folder: "bundles/edge"))
        #expect(configuration.target == .registryDirectory("/srv/registry data"))
        #expect(configuration.trustDirectory == "/t")
        #expect(configuration.groups == ["a", "B.1", "c_d"])
        #expect(configuration.stateDirectory == "/s")
        #expect(configuration.readyDirectory == "/r")
        #expect(configuration.wait == .zero)
    }

    @Test func theEnvironmentWinsUnlessItIsEmpty() throws {
        let text = "LOAD_IMAGE=true\nBUNDLE_PATH=/a\nWAIT=5"
        let environment = ["BUNDLE_PATH": "/b", "WAIT": "", "TARGET_PATH": "/d.sock", "HOME": "x", "BUNDLE_PATHS": "?"]
        let configuration = try Self.parse(text, environment: environment)
        #expect(configuration.source == .directory("/b"))
        #expect(configuration.wait == .seconds(5))
        #expect(configuration.target == .docker(socket: "/d.sock"))
        #expect(Self.refusal(text, environment: ["WAIT": "soon"])?.contains("the environment: WAIT") == true)
        // What the environment replaces need not make sense.
        #expect(try !Self.parse("LOAD_IMAGE=maybe", environment: ["LOAD_IMAGE": "false"]).loadImage)
    }

    @Test(arguments: [
        (text: "TARGET=auto", target: LoadTarget.automatic(namespace: "k8s.io")),
        ("TARGET=auto\nTARGET_NAMESPACE=edge-1", .automatic(namespace: "edge-1")),
        ("TARGET=containerd", .containerd(socket: nil, namespace: "k8s.io")),
        (
            "TARGET=containerd\nTARGET_PATH=/run/k3s/containerd/containerd.sock\nTARGET_NAMESPACE=default",
            .containerd(socket: "/run/k3s/containerd/containerd.sock", namespace: "default")
        ),
        ("TARGET=podman", .podman(socket: nil)), ("TARGET=podman\nTARGET_PATH=/p.sock", .podman(socket: "/p.sock")),
    ])
    func everyEngineIsATarget(text: String, target: LoadTarget) throws {
        #expect(try Self.parse(text).target == target)
    }

    @Test func anEmptyValueIsAsNone() throws {
        #expect(try Self.parse("BUNDLE_PATH=\nGROUPS=\"\"\nTARGET_PATH=''\nWAIT=") == Self.parse(""))
        #expect(Self.refusal("WAIT=\nWAIT=1")?.contains("line 2: WAIT stands in line 1 already") == true)
    }

    @Test func loadingNeedsASourceAndATarget() throws {
        #expect(Self.refusal("LOAD_IMAGE=true")?.contains("BUNDLE_PATH is missing") == true)
        let text = "LOAD_IMAGE=true\nBUNDLE_PATH=/a\nTARGET=registry-dir"
        #expect(Self.refusal(text)?.contains("TARGET_PATH is missing") == true)
        #expect(try Self.parse(text.replacing("true", with: "false")).target == nil)
    }

    @Test(arguments: [
        ("LOAD_IMAGES=true", "did you mean 'LOAD_IMAGE'?"), ("load_image=true", "did you mean 'LOAD_IMAGE'?"),
        ("BUNDEL_PATH=/a", "did you mean 'BUNDLE_PATH'?"), ("GROUP=a", "did you mean 'GROUPS'?"),
        ("FROBNICATE=1", "known here: LOAD_IMAGE, BUNDLE_PATH"), ("=1", "known here"),
    ])
    func anUnknownKeyNamesTheNearestKnownOne(text: String, expected: String) {
        #expect(Self.refusal("# one\n" + text)?.contains("line 2") == true)
        #expect(Self.refusal(text)?.contains(expected) == true)
    }

    @Test(arguments: [
        "LOAD_IMAGE", "LOAD_IMAGE: true", "export LOAD_IMAGE=true", "LOAD_IMAGE =true", "LOAD_IMAGE=yes",
        "LOAD_IMAGE=TRUE", "LOAD_IMAGE=1", "LOAD_IMAGE=true # now", "LOAD_IMAGE=\"true", "LOAD_IMAGE=true\"",
        "LOAD_IMAGE='true\"", "LOAD_IMAGE=\"", "LOAD_IMAGE=\"true\" # now", "LOAD_IMAGE=\"tr\"ue\"",
        "BUNDLE_PATH=media", "BUNDLE_PATH=./media", "BUNDLE_PATH=/media/../etc", "BUNDLE_PATH=/..", "BUNDLE_PATH=$HOME",
        "BUNDLE_PATH=/media/stick #1", "BUNDLE_PATH=LABEL=", "BUNDLE_PATH=LABEL=/x", "BUNDLE_PATH=LABEL=A/../b",
        "BUNDLE_PATH=LABEL=A//b", "BUNDLE_PATH=LABEL=A/./b", "BUNDLE_PATH=LABEL=A/b//", "BUNDLE_PATH=\"LABEL=A \"",
        "BUNDLE_PATH=label=A", "BUNDLE_PATH=UUID=1234",
        "TARGET=cri-o", "TARGET=Docker", "TARGET_PATH=/d.sock\nTARGET=auto", "TARGET_NAMESPACE=k8s..io",
        "TARGET_PATH=docker.sock", "TARGET_PATH=unix:///run/docker.sock",
        "TRUST_DIR=trust.d", "STATE_DIR=~", "READY_DIR=ready",
        "GROUPS=-a", "GROUPS=a b/c", "GROUPS=ä", "GROUPS=.", "GROUPS=a;b",
        "WAIT=-1", "WAIT=86401", "WAIT=1m", "WAIT=1.5", "WAIT=+1", "WAIT=99999999999999999999", "WAIT=٣",
    ])
    func whatIsNoValueIsRefusedWithItsLine(text: String) {
        #expect(Self.refusal("\n# comment\n" + text)?.contains("\(Self.path), line 3: ") == true)
    }

    @Test(arguments: [
        ("a NUL", "WAIT=1\u{0}"), ("a tab", "WAIT=\t1"), ("Windows", "WAIT=1\r"), ("a comment", "# \u{1B}[2J"),
        ("bidi", "BUNDLE_PATH=/a\u{202E}b"), ("a byte order mark", "\u{FEFF}WAIT=1"), ("a soft hyphen", "#\u{AD}"),
        ("a line separator", "BUNDLE_PATH=/a\u{2028}LOAD_IMAGE=true"),
    ])
    func invisibleCharactersAreRefused(what: String, text: String) {
        #expect(Self.refusal("\n" + text)?.contains("line 2: it has the invisible character U+") == true, "\(what)")
    }

    @Test func whatIsTooLargeOrNoTextIsRefused() {
        let line = "#" + String(repeating: "x", count: 4095)
        #expect(Self.refusal(line + "x")?.contains("line 1: it has 4097 bytes") == true)
        #expect(throws: Never.self) { try Self.parse(line) }
        #expect(Self.refusal(String(repeating: "\n", count: (64 << 10) + 1))?.contains("65537 bytes") == true)
        #expect(throws: Never.self) { try Self.parse(String(repeating: "\n", count: 64 << 10)) }
        #expect(Self.refusal([0x23, 0xC3, 0x28])?.contains("line 1: it is not UTF-8") == true)
        #expect(Self.refusal([0x23, 0xED, 0xA0, 0x80]) != nil)
    }

    @Test func aLabelHasItsLimits() throws {
        let long = String(repeating: "x", count: 64)
        #expect(BundleSource(parsing: "LABEL=" + long) == .label(long, folder: nil))
        #expect(BundleSource(parsing: "LABEL=x" + long) == nil)
        #expect(BundleSource(parsing: "LABEL=\u{202E}") == nil)
        #expect(BundleSource(parsing: "LABEL=A/") == .label("A", folder: nil))
        #expect(BundleSource(parsing: "LABEL=Größe/a b")?.description == "LABEL=Größe/a b")
    }

    @Test func onlyTheDefaultFileMayBeAbsent() throws {
        let home = try TemporaryDirectory()
        #expect(throws: LoadError(.notFound, "")) {
            try FirstBootConfiguration.read(path: home.path("no.env"), environment: [:])
        }
        let path = try home.write("WAIT=7", to: "site.env")
        #expect(try FirstBootConfiguration.read(path: path, environment: [:]).wait == .seconds(7))
        try home.makeDirectory("folder.env")
        #expect(throws: LoadError(.configuration, "")) {
            try FirstBootConfiguration.read(path: home.path("folder.env"), environment: [:])
        }
    }

    @Test func noFileCrashesTheParser() {
        var random = DeterministicRandom(seed: 11)
        let words =
            FirstBootTemplate.keys + ["=", "\"", "'", "#", " ", "\n", "/", "LABEL=", "true", ",", "..", "\u{0}"]
        for _ in 0..<3000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                bytes += Array((words.randomElement(using: &random) ?? "").utf8)
                if Int.random(in: 0..<20, using: &random) == 0 { bytes.append(.random(in: 0...255, using: &random)) }
            }
            do { _ = try FirstBootConfiguration(parsing: bytes, path: Self.path) } catch {
                #expect(error.code == .configuration)
            }
        }
    }
}

/// The keys that there are.
enum FirstBootTemplate {
    static let keys = [
        "LOAD_IMAGE", "BUNDLE_PATH", "TARGET", "TARGET_PATH", "TARGET_NAMESPACE", "TRUST_DIR", "GROUPS", "STATE_DIR",
        "READY_DIR", "WAIT",
    ]
}
