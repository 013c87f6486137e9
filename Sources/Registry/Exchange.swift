import AsyncHTTPClient
import FoundationEssentials
import NIOHTTP1

/// One GET to a registry with everything between question and answer: challenges and redirects, no retries.
struct Exchange: Sendable {
    let transport: Transport
    let authorizer: Authorizer
    let endpoint: Endpoint
    let repository: String
    /// What is being done, for messages.
    let task: String

    /// How many redirects are followed.
    static let maximumRedirects = 5

    /// An answer and who gave it in the end.
    struct Answer: Sendable {
        let response: Transport.Response
        let origin: Origin
    }

    /// Gets a path below `/v2/`.
    ///
    /// A challenge is answered once; so a token that ran out is renewed once.
    func get(_ path: String, headers: [(String, String)]) async throws(RegistryError) -> Answer {
        let url = try endpoint.url(path)
        let authorization = authorizer.header(for: endpoint, repository: repository)
        let answer = try await follow(url, headers, authorization)
        guard answer.response.status == .unauthorized, answer.origin == endpoint.origin else { return answer }
        let challenges = Challenge.parse(answer.response.headers["WWW-Authenticate"])
        await answer.response.drain()
        let renewed = try await authorizer.answer(
            challenges, from: endpoint, repository: repository, refused: authorization, task: task)
        return try await follow(url, headers, renewed)
    }

    /// What an answer that is not a success means.
    func failure(_ answer: Answer) async -> RegistryError {
        await answer.response.failure(task: task, target: answer.origin.description)
    }

    private func follow(
        _ start: URL, _ headers: [(String, String)], _ authorization: String?
    ) async throws(RegistryError) -> Answer {
        var url = start
        var origin = endpoint.origin
        var hasLeft = false
        for _ in 0...Self.maximumRedirects {
            var sent = headers
            // Once away from the registry's origin, credentials are not sent again, not even on the way back.
            if let authorization, !hasLeft { sent.append(("Authorization", authorization)) }
            let response = try await transport.send(url, headers: sent, for: endpoint, task: task)
            guard [301, 302, 303, 307, 308].contains(response.status.code) else {
                return Answer(response: response, origin: origin)
            }
            await response.drain()
            guard let location = response.headers.first(name: "Location"),
                let next = URL(string: location, relativeTo: url)?.absoluteURL, let nextOrigin = Origin(next)
            else {
                throw RegistryError(.redirect, "\(task): \(origin) redirects to no usable address")
            }
            guard !(origin.scheme == "https" && nextOrigin.scheme == "http") else {
                throw RegistryError(
                    .redirect, "\(task): \(origin) redirects to \(nextOrigin), away from https; refused")
            }
            guard next != url else {
                throw RegistryError(.redirect, "\(task): \(origin) redirects to the same address")
            }
            if nextOrigin != endpoint.origin { hasLeft = true }
            url = next
            origin = nextOrigin
        }
        throw RegistryError(
            .redirect, "\(task): more than \(Self.maximumRedirects) redirects, the last one to \(origin)")
    }
}
