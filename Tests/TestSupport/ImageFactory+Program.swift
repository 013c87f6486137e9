extension ImageFactory {
    /// A static program that prints `it runs`.
    public static func program() async throws -> [UInt8] {
        let directory = try TemporaryDirectory()
        try directory.write("#include <stdio.h>\nint main(void) { return puts(\"it runs\") < 0; }\n", to: "p.c")
        try await Command("gcc", ["-static", "-s", "-o", directory.path("p"), directory.path("p.c")]).check()
        return try directory.read("p")
    }

    /// A layer with that program as `/bin/true`, which is what images of tests run.
    public static func programLayer() async throws -> LayerFixture {
        try await LayerFixture(
            [.directory("bin"), .file("bin/true", try await program()).with { $0.mode = 0o755 }], compression: .none)
    }
}
