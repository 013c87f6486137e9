import OCI
import StrictJSON

/// Requests of the Engine API, one connection each; every call blocks.
///
/// Spec: Docker Engine API 1.40 (19.03) and later.
struct DockerClient: Sendable {
    /// The path of the socket.
    let path: String
    /// How long the daemon may neither take nor give a byte.
    let idleLimit: Duration
    private var prefix = ""

    /// The longest answer to a question, in bytes.
    private static let maximumAnswerSize = 64 << 20

    /// Asks in the API's version of the daemon's own choice.
    init(path: String, idleLimit: Duration) {
        self.path = path
        self.idleLimit = idleLimit
    }

    /// Asks in one version of the API.
    init(_ client: DockerClient, version: APIVersion) {
        self = client
        prefix = "/v\(version)"
    }

    /// Asks a question and gives the answer's JSON.
    ///
    /// - Returns: nil for 404, where that is an answer.
    /// - Throws: `EngineError` with code `unreachable` or `refused`.
    func get(_ target: String) throws(EngineError) -> JSONNode? {
        let response = try request("GET", target)
        guard response.status != 404 else { return nil }
        try check(response, "GET \(target)")
        do throws(JSONError) {
            return try JSONNode(parsing: response.body, parser: JSONParser(maximumSize: Self.maximumAnswerSize))
        } catch {
            throw EngineError(.refused, "asking \(path) for \(target): the answer is not JSON: \(error.message)")
        }
    }

    /// Asks for an action that has no body, whatever comes of it.
    func request(_ method: String, _ target: String) throws(EngineError) -> HTTPConnection.Response {
        try HTTPConnection(
            path: path, method: method, target: prefix + target,
            limits: HTTPConnection.Limits(idle: idleLimit, body: Self.maximumAnswerSize), progress: { _ in }
        ).response()
    }

    /// Sends an archive to be loaded, and reads all that the daemon says.
    ///
    /// - Parameters:
    ///   - size: How long the archive is, in bytes.
    ///   - progress: As for `Engine.load`.
    ///   - write: Hands over the archive in pieces.
    /// - Throws: `EngineError`, or what `write` throws where the daemon did not complain before.
    func load(
        size: Int64, progress: @escaping (Int64) -> Void,
        write: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        var connection = try HTTPConnection(
            path: path, method: "POST", target: prefix + "/images/load?quiet=1", contentLength: size,
            limits: HTTPConnection.Limits(idle: idleLimit, body: LoadAnswer.maximumSize), progress: progress)
        do {
            try unsafe write { bytes in
                guard try unsafe connection.send(bytes) else { throw EarlyAnswer() }
            }
        } catch is EarlyAnswer {
            // It says why.
        }
        let response = try connection.response()
        try check(response, "loading an image")
        let answer: LoadAnswer
        do throws(JSONError) { answer = try LoadAnswer(parsing: response.body) } catch {
            throw EngineError(.refused, "loading an image into \(path): its answer cannot be read: \(error.message)")
        }
        if let failure = answer.failure { throw refusal("loading an image", failure) }
    }

    private struct EarlyAnswer: Error {}

    /// Demands a status that means success.
    ///
    /// - Throws: `EngineError` with what the daemon said.
    func check(_ response: HTTPConnection.Response, _ doing: String) throws(EngineError) {
        guard response.status >= 300 else { return }
        throw refusal(doing, "status \(response.status), \(message(response))", status: response.status)
    }

    /// What the daemon said of an error.
    func message(_ response: HTTPConnection.Response) -> String { Self.message(response.body) }

    /// What the daemon said of an error in the body of its answer.
    static func message(_ body: [UInt8]) -> String {
        let node = try? JSONNode(parsing: body)
        let text = try? node?.member("message").string()
        return String(daemon: text ?? String(decoding: body, as: UTF8.self))
    }

    private func refusal(_ doing: String, _ text: String, status: Int = 200) -> EngineError {
        let said = "\(doing): the docker daemon at \(path) said: \(String(daemon: text))"
        let lowered = text.lowercased()
        if lowered.contains("no space left on device") || lowered.contains("disk quota exceeded") {
            return EngineError(.noSpace, said + "; make room where it keeps its images")
        }
        // Given by proxies in front of it, and while it starts.
        return EngineError(status == 503 ? .unreachable : .refused, said)
    }
}

/// A version of the API, as `1.41`.
struct APIVersion: Comparable, CustomStringConvertible {
    let major: Int
    let minor: Int

    init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// From the daemon's spelling; nil for anything else.
    init?(parsing text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { part in
            part.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } ? Int(part) : nil
        }
        guard parts.count == 2, let major = parts[0], let minor = parts[1] else { return nil }
        self.init(major, minor)
    }

    var description: String { "\(major).\(minor)" }

    static func < (left: APIVersion, right: APIVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }
}
