/// A certificate authority of one test, made by the program `openssl`.
public enum CertificateAuthority {
    /// Writes `ca.pem`, `ca.key`, and a server's `server.pem` and `server.key` for 127.0.0.1 and localhost.
    ///
    /// A client's `client.pem` and `client.key` come with them.
    public static func make(in directory: TemporaryDirectory) async throws {
        try await Command(
            "openssl",
            newKey("ca", in: directory) + [
                "-x509", "-days", "30", "-subj", "/CN=test authority", "-out", directory.path("ca.pem"),
                "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign",
            ]
        ).check()
        try await sign("server", usage: "serverAuth", in: directory)
        try await sign("client", usage: "clientAuth", in: directory)
    }

    private static func newKey(_ name: String, in directory: TemporaryDirectory) -> [String] {
        [
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            directory.path(name + ".key"),
        ]
    }

    private static func sign(_ name: String, usage: String, in directory: TemporaryDirectory) async throws {
        try await Command(
            "openssl", newKey(name, in: directory) + ["-subj", "/CN=\(name)", "-out", directory.path(name + ".csr")]
        ).check()
        try directory.write(
            "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=\(usage)\n", to: name + ".ext")
        try await Command(
            "openssl",
            [
                "x509", "-req", "-days", "30", "-in", directory.path(name + ".csr"), "-CA", directory.path("ca.pem"),
                "-CAkey", directory.path("ca.key"), "-CAcreateserial", "-extfile", directory.path(name + ".ext"),
                "-out", directory.path(name + ".pem"),
            ]
        ).check()
    }
}
