import AsyncHTTPClient
import FoundationEssentials
import NIOHTTP1

/// One request to a registry with everything between question and answer: challenges and redirects, no retries.
struct Exchange: Sendable {
    let transport: Transport
    let authorizer: Authorizer
    let endpoint: Endpoint
    let repository: String
    /// What a token must allow.
    var rights = Rights.pull
    /// What is being done, for messages.
    let task: String

    /// How many redirects are followed.
    static let maximumRedirects = 5

    /// An answer and who gave it in the end.
    struct Answer: Sendable {
        let response: Transport.Response
        let origin: Origin
    }

    /// The address of something in the repository.
    func url(_ path: String) throws(RegistryError) -> URL { try endpoint.url("\(repository)/\(path)") }

    /// Gets something in the repository.
    func get(_ path: String, headers: [(String, String)]) async throws(RegistryError) -> Answer {
        try await send(Request(url: try url(path), headers: headers))
    }

    /// Sends a request to the registry, or where the registry said that it goes.
    ///
    /// A challenge is answered once; so a token that ran out is renewed once.
    func send(_ request: Request) async throws(RegistryError) -> Answer {
        let authorization = authorizer.header(for: endpoint, repository: repository, rights)
        let answer = try await follow(request, authorization)
        guard answer.response.status == .unauthorized, answer.origin == endpoint.origin else { return answer }
        let challenges = Challenge.parse(answer.response.headers["WWW-Authenticate"])
        await answer.response.drain()
        let renewed = try await authorizer.answer(
            challenges, from: endpoint, repository: repository, rights, refused: authorization, task: task)
        return try await follow(request, renewed)
    }

    /// What an answer that is not a success means.
    func failure(_ answer: Answer) async -> RegistryError {
        await answer.response.failure(task: task, target: answer.origin.description)
    }

    /// The address in an answer's `Location`, which leads nowhere less safe.
    func location(_ response: Transport.Response, from url: URL) throws(RegistryError) -> URL {
        let origin = Origin(url)?.description ?? endpoint.registry
        guard let text = response.headers.first(name: "Location"),
            let next = URL(string: text, relativeTo: url)?.absoluteURL, let nextOrigin = Origin(next)
        else {
            throw RegistryError(.redirect, "\(task): \(origin) redirects to no usable address")
        }
        guard !(url.scheme?.lowercased() == "https" && nextOrigin.scheme == "http") else {
            throw RegistryError(.redirect, "\(task): \(origin) redirects to \(nextOrigin), away from https; refused")
        }
        return next
    }

    private func follow(_ first: Request, _ authorization: String?) async throws(RegistryError) -> Answer {
        var request = first
        var origin = Origin(first.url) ?? endpoint.origin
        var hasLeft = origin != endpoint.origin
        for _ in 0...Self.maximumRedirects {
            var sent = request
            // Once away from the registry's origin, credentials are not sent again, not even on the way back.
            if let authorization, !hasLeft { sent.headers.append(("Authorization", authorization)) }
            let response = try await transport.send(sent, for: endpoint, task: task)
            let redirects: [UInt] = first.isRead ? [301, 302, 303, 307, 308] : [307, 308]
            guard redirects.contains(response.status.code) else { return Answer(response: response, origin: origin) }
            await response.drain()
            let next = try location(response, from: request.url)
            guard next != request.url else {
                throw RegistryError(.redirect, "\(task): \(origin) redirects to the same address")
            }
            request.url = next
            origin = Origin(next) ?? origin
            if origin != endpoint.origin { hasLeft = true }
        }
        throw RegistryError(
            .redirect, "\(task): more than \(Self.maximumRedirects) redirects, the last one to \(origin)")
    }
}

/// What is asked of a registry.
struct Request: Sendable {
    var method = HTTPMethod.GET
    var url: URL
    var headers: [(String, String)] = []
    var body: [UInt8]?

    /// Whether it only reads, so that every kind of redirect may be followed.
    var isRead: Bool { method == .GET || method == .HEAD }
}

/// What a token allows in a repository.
enum Rights: Hashable, Sendable {
    case pull
    /// To write; and to read from another repository of the registry, from which blobs are mounted.
    case push(mountingFrom: String? = nil)

    /// As token services know them.
    ///
    /// Spec: distribution's token scopes.
    func scopes(of repository: String) -> [String] {
        switch self {
        case .pull: ["repository:\(repository):pull"]
        case .push(let source):
            ["repository:\(repository):pull,push"] + (source.map { ["repository:\($0):pull"] } ?? [])
        }
    }
}
