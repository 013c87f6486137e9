import Dispatch
import Glibc
import StrictJSON

/// Asks the program `docker-credential-NAME` for a secret.
///
/// Spec: docker-credential-helpers, the command `get`.
struct CredentialHelper: Sendable {
    /// As in `credsStore` and `credHelpers`.
    let name: String
    /// The environment of the program; PATH says where it is.
    let environment: [String: String]

    private static let timeLimit: Duration = .seconds(60)
    private static let maximumAnswer = 1 << 20

    /// The secret for a server; nil when the helper has none.
    ///
    /// - Throws: `RegistryError` with code `configuration`.
    func secret(for server: String) async throws(RegistryError) -> Secret? {
        let program = try program()
        // The program blocks, so it gets a thread that may.
        let result = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(returning: Result { () throws(SpawnError) in try run(program, server) })
            }
        }
        let answer: Answer
        do throws(SpawnError) { answer = try result.get() } catch {
            throw RegistryError(.configuration, "cannot run \(program): \(error)", cause: error)
        }
        guard answer.status == 0 else {
            let text = String(decoding: answer.bytes.prefix(200), as: UTF8.self)
            if text.lowercased().contains("credentials not found") { return nil }
            throw RegistryError(
                .configuration,
                "\(program) get ended with status \(answer.status) for \(server); log in again, or name another helper")
        }
        do throws(JSONError) {
            let node = try JSONNode(parsing: answer.bytes)
            let username = try node.member("Username").string()
            let secret = try node.member("Secret").string()
            if username == "<token>" { return .identity(secret) }
            return .login(Credentials(username: username, password: secret))
        } catch {
            throw RegistryError(
                .configuration, "\(program) get gave an answer for \(server) that is not its protocol's", cause: error)
        }
    }

    private struct Answer {
        let status: Int32
        let bytes: [UInt8]
    }

    private func program() throws(RegistryError) -> String {
        let isName =
            !name.isEmpty && !name.hasPrefix(".")
            && name.utf8.allSatisfy { byte in
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
                    || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || [0x2d, 0x2e, 0x5f].contains(byte)
            }
        guard isName else {
            throw RegistryError(
                .configuration, "'\(name)' in docker's config.json is not the name of a credential helper")
        }
        for directory in (environment["PATH"] ?? "").split(separator: ":") {
            let path = "\(directory)/docker-credential-\(name)"
            if path.hasPrefix("/"), unsafe access(path, X_OK) == 0 { return path }
        }
        throw RegistryError(
            .configuration,
            "docker's config.json names the helper docker-credential-\(name), which is not in PATH; install it")
    }

    private func run(_ program: String, _ server: String) throws(SpawnError) -> Answer {
        var input: [Int32] = [-1, -1]
        var output: [Int32] = [-1, -1]
        defer { for descriptor in input + output where descriptor >= 0 { close(descriptor) } }
        guard unsafe pipe(&input) == 0, unsafe pipe(&output) == 0 else { throw SpawnError(code: errno) }
        for descriptor in input + output { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        // Before the start, while this side holds both ends: a helper that reads nothing cannot break the pipe.
        let question = Array(server.utf8.prefix(4096))
        guard unsafe write(input[1], question, question.count) == question.count else { throw SpawnError(code: errno) }
        close(input[1])
        input[1] = -1
        let child = try spawn(program, input: input[0], output: output[1])
        close(output[1])
        output[1] = -1
        let bytes = read(output[0], until: .now + Self.timeLimit)
        // Its whole group: a helper may be a script that waits for another program.
        if bytes == nil { kill(-child, SIGKILL) }
        var status: Int32 = 0
        while unsafe waitpid(child, &status, 0) < 0, errno == EINTR {}
        guard let bytes, status & 0x7f == 0 else { return Answer(status: -1, bytes: []) }
        return Answer(status: status >> 8 & 0xff, bytes: bytes)
    }

    private func spawn(_ program: String, input: Int32, output: Int32) throws(SpawnError) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, input, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
        unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        var arguments = unsafe [strdup(program), strdup("get"), nil]
        var variables = unsafe environment.map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
        defer { unsafe (arguments + variables).forEach { unsafe free($0) } }
        var child: pid_t = 0
        let code = unsafe posix_spawn(&child, program, &actions, &attributes, &arguments, &variables)
        guard code == 0 else { throw SpawnError(code: code) }
        return child
    }

    /// All that comes; nil when it is too much or does not end in time.
    private func read(_ descriptor: Int32, until end: ContinuousClock.Instant) -> [UInt8]? {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65536)
        while true {
            let left = ContinuousClock.now.duration(to: end)
            guard left > .zero else { return nil }
            var wish = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = unsafe poll(&wish, 1, Int32(clamping: left.components.seconds * 1000 + 1))
            if ready <= 0 { continue }
            let count = unsafe Glibc.read(descriptor, &part, part.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { return bytes }
            bytes += part[..<count]
            guard bytes.count <= Self.maximumAnswer else { return nil }
        }
    }

    /// Why a program could not be started.
    private struct SpawnError: Error, CustomStringConvertible {
        let code: Int32
        var description: String { unsafe String(cString: strerror(code)) }
    }
}
