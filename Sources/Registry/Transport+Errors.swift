import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

extension RegistryError {
    /// What a failure of the HTTP client means.
    init(failureOf error: any Error, task: String, origin: Origin) {
        switch error {
        case is CancellationError:
            self.init(.cancelled, "\(task) was cancelled", cause: error)
        case let error as HTTPClientError where error == .cancelled:
            self.init(.cancelled, "\(task) was cancelled", cause: error)
        case let error as HTTPClientError where error == .proxyAuthenticationRequired:
            self.init(
                .unauthorized,
                "\(task): the proxy for \(origin) wants a user name and password; put them into the proxy variable",
                cause: error)
        case let error as HTTPClientError where error == .readTimeout:
            self.init(.unavailable, "\(task): \(origin) sent nothing for too long", cause: error, retry: .backoff)
        case let error as HTTPClientError:
            self.init(
                .unavailable, "\(task): \(origin) failed: \(error.shortDescription)", cause: error, retry: .backoff)
        case NIOSSLError.uncleanShutdown, NIOSSLError.handshakeFailed(.syscallError),
            NIOSSLError.handshakeFailed(.zeroReturn):
            self.init(.unavailable, "\(task): the connection to \(origin) broke", cause: error, retry: .backoff)
        case is NIOSSLError, is NIOSSLExtraError:
            self.init(
                .tls,
                "\(task): no TLS connection to \(origin): \(error); give its authority with ca-file, or plain-http if it has no TLS",
                cause: error)
        case HTTPParserError.invalidEOFState, HTTPParserError.closedConnection:
            self.init(.unavailable, "\(task): the connection to \(origin) broke", cause: error, retry: .backoff)
        case is HTTPParserError:
            self.init(
                .invalidResponse, "\(task): the answer of \(origin) breaks HTTP (\(error))", cause: error,
                retry: .backoff)
        case let error as NIOConnectionError:
            self.init(
                .unavailable, "\(task): the connection to \(origin) failed: \(Self.sentence(error))", cause: error,
                retry: .backoff)
        case let error as IOError:
            self.init(
                .unavailable, "\(task): the connection to \(origin) failed: \(Self.sentence(error.errnoCode))",
                cause: error,
                retry: .backoff)
        default:
            self.init(.unavailable, "\(task): \(origin) cannot be reached: \(error)", cause: error, retry: .backoff)
        }
    }

    /// Why none of a name's addresses can be connected to, and what to look at.
    private static func sentence(_ error: NIOConnectionError) -> String {
        if let number = error.connectionErrors.compactMap({ ($0.error as? IOError)?.errnoCode }).first {
            return sentence(number)
        }
        // With a proxy, the host is the proxy's.
        return error.connectionErrors.isEmpty
            ? "the name \(error.host) has no address; check its spelling, the name servers and the proxy variables"
            : "\(error.host) does not answer; check the network, the address and the proxy variables"
    }

    private static func sentence(_ number: Int32) -> String {
        number == ECONNREFUSED
            ? "it was refused; is the registry (or the proxy on the way) running, and is the port right?"
            : "\(unsafe String(cString: strerror(number))); check the network and the address"
    }
}
