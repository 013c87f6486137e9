import AsyncHTTPClient
import FoundationEssentials
import NIOHTTP1
import StrictJSON
import Synchronization

/// Answers the challenges of registries, and remembers the answers: one a registry, or a token a repository.
///
/// Spec: distribution's token authentication; RFC 7617 (Basic).
final class Authorizer: Sendable {
    private let credentials: CredentialStore
    private let transport: Transport
    private let state = Mutex(State())

    /// The largest answer of a token service.
    static let maximumTokenAnswer = 1 << 20

    private struct Scope: Hashable {
        let registry: String
        /// Nil for a header that serves the whole registry.
        let repository: String?
        var rights = Rights.pull
    }

    private struct Grant {
        let header: String
        let expiry: ContinuousClock.Instant?
    }

    private struct State {
        var grants: [Scope: Grant] = [:]
    }

    init(credentials: CredentialStore, transport: Transport) {
        self.credentials = credentials
        self.transport = transport
    }

    /// What to send without being asked, if it is known.
    func header(for endpoint: Endpoint, repository: String, _ rights: Rights) -> String? {
        state.withLock { state in
            let scopes = [
                Scope(registry: endpoint.registry, repository: repository, rights: rights),
                Scope(registry: endpoint.registry, repository: nil),
            ]
            return scopes.compactMap { state.grants[$0] }.first { grant in
                grant.expiry.map { $0 > .now } ?? true
            }?.header
        }
    }

    /// The header that answers a challenge, after one that was refused (or none).
    ///
    /// - Throws: `RegistryError` with code `unauthorized` when there is nothing to answer with.
    func answer(
        _ challenges: [Challenge], from endpoint: Endpoint, repository: String, _ rights: Rights, refused: String?,
        task: String
    ) async throws(RegistryError) -> String {
        // Another task may have renewed the token meanwhile.
        if let known = header(for: endpoint, repository: repository, rights), known != refused { return known }
        let secret = try await credentials.secret(for: endpoint.registry, repository: repository)
        if let bearer = challenges.first(where: { $0.scheme == "bearer" }) {
            let grant = try await token(bearer, endpoint, rights.scopes(of: repository), secret, task)
            let scope = Scope(registry: endpoint.registry, repository: repository, rights: rights)
            state.withLock { $0.grants[scope] = grant }
            return grant.header
        }
        guard challenges.contains(where: { $0.scheme == "basic" }) else {
            throw RegistryError(
                .unauthorized, "\(task): \(endpoint.registry) refuses access, and asks in no known way for credentials")
        }
        guard case .login(let login)? = secret else {
            throw RegistryError(
                .unauthorized,
                "\(task): \(endpoint.registry) wants a user name and password; use docker login, or set REGISTRY_USERNAME and REGISTRY_PASSWORD"
            )
        }
        let grant = Grant(header: Self.basic(login), expiry: nil)
        guard grant.header != refused else {
            state.withLock { $0.grants[Scope(registry: endpoint.registry, repository: nil)] = nil }
            throw RegistryError(
                .unauthorized, "\(task): \(endpoint.registry) refuses the password of '\(login.username)'; log in again"
            )
        }
        state.withLock { $0.grants[Scope(registry: endpoint.registry, repository: nil)] = grant }
        return grant.header
    }

    private static func basic(_ login: Credentials) -> String {
        "Basic " + Data("\(login.username):\(login.password)".utf8).base64EncodedString()
    }

    private func token(
        _ challenge: Challenge, _ endpoint: Endpoint, _ scopes: [String], _ secret: Secret?, _ task: String
    ) async throws(RegistryError) -> Grant {
        let realm = try Realm(challenge.parameters["realm"], of: endpoint, task: task)
        // Always our own scope: a registry must not get a token for more by asking.
        var query = [("service", challenge.parameters["service"] ?? "")] + scopes.map { ("scope", $0) }
        query.removeAll { $0.1.isEmpty }
        var headers = [("Accept", "application/json"), ("Accept-Encoding", "identity")]
        let request: Request
        let asking = "\(task): asking \(realm.origin) for a token"
        switch secret {
        case .identity(let identity):
            // In a form, several scopes are one, with spaces.
            query.removeAll { $0.0 == "scope" }
            query += [("scope", scopes.joined(separator: " "))]
            query += [("grant_type", "refresh_token"), ("client_id", "bundle"), ("refresh_token", identity)]
            headers.append(("Content-Type", "application/x-www-form-urlencoded"))
            request = Request(method: .POST, url: realm.url, headers: headers, body: Array(Realm.encode(query).utf8))
        case .login(let login):
            headers.append(("Authorization", Self.basic(login)))
            request = Request(url: try realm.url(adding: query, task: task), headers: headers)
        case nil: request = Request(url: try realm.url(adding: query, task: task), headers: headers)
        }
        let response = try await transport.send(request, for: endpoint, task: asking)
        if 300...399 ~= response.status.code {
            throw RegistryError(.redirect, "\(asking) led to a redirect; redirects of token services are not followed")
        }
        guard response.status.code == 200 else {
            throw await response.failure(task: asking, target: realm.origin.description)
        }
        let bytes = try await response.collect(limit: Self.maximumTokenAnswer, task: asking, origin: realm.origin)
        return try Self.grant(bytes, asking)
    }

    private static func grant(_ bytes: [UInt8], _ asking: String) throws(RegistryError) -> Grant {
        do throws(JSONError) {
            let node = try JSONNode(parsing: bytes, parser: JSONParser(maximumSize: maximumTokenAnswer))
            let texts = [try node.optional("token")?.string(), try node.optional("access_token")?.string()]
            guard let token = texts.compactMap({ $0 }).first(where: { !$0.isEmpty }),
                token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
            else { throw node.mismatch("an object with a token") }
            var seconds: Int64 = 60
            if case .integer(let written)? = try node.optional("expires_in")?.value {
                seconds = min(max(written, 0), 86400)
            }
            return Grant(header: "Bearer " + token, expiry: .now + .seconds(seconds - min(5, seconds / 10)))
        } catch {
            throw RegistryError(.invalidResponse, "\(asking) gave something else: \(error.message)", cause: error)
        }
    }
}
