import ArgumentParser
import BundleBuilder
import BundleDelivery
import BundleFormat
import BundleLoader
import BundleSpec
import Console
import Cryptography
import Discs
import DurableFiles
import OCI
import Registry

/// The exit codes of docs/reference.md, and which errors lead to them.
enum ExitStatus: Int32 {
    case unexpected = 1
    case notTrusted = 3
    case damaged = 4
    case notFound = 5
    case noSpace = 6
    case target = 7
    case source = 8
    case usage = 64

    init(_ error: any Error) {
        self =
            switch error {
            case let error as BundleError:
                switch error.code {
                case .notTrusted: .notTrusted
                case .damaged, .unsupported: .damaged
                case .notFound: .notFound
                case .noSpace: .noSpace
                case .files, .invalid: .unexpected
                }
            case let error as BuildError:
                switch error.code {
                case .notFound: .notFound
                case .source: .source
                case .notTrusted: .notTrusted
                case .damaged: .damaged
                case .lock, .output: .usage
                case .noSpace: .noSpace
                case .busy, .files: .unexpected
                }
            case let error as DeliveryError:
                switch error.code {
                case .usage: .usage
                case .nameTaken, .sparse, .foreign: .target
                case .listen, .program: .unexpected
                case .damaged: .damaged
                }
            case let error as DiscError: error.code == .notFound ? .notFound : .damaged
            case let error as RegistryError: error.cause.flatMap { $0 as? BundleError }.map(ExitStatus.init) ?? .source
            case let error as LoadError: ExitStatus(rawValue: error.exitCode) ?? .unexpected
            case let error as FileError:
                switch error.code {
                case .notFound: .notFound
                case .noSpace: .noSpace
                default: .unexpected
                }
            case is SpecError, is OCIError, is CryptographyError, is UsageError: .usage
            default: .unexpected
            }
    }

    /// Runs a command; an error becomes one sentence on stderr and an exit code.
    static func reporting(_ body: () async throws -> Void) async throws {
        Terminal.settleSignals()
        do {
            try await body()
        } catch let error as ExitCode {
            throw error
        } catch {
            Terminal.error("bundle: \(error)")
            throw ExitCode(ExitStatus(error).rawValue)
        }
    }
}

/// A mistake on the command line that the argument parser cannot see.
struct UsageError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
