import BundleFormat
import DurableFiles
import Engines

extension LoadError {
    /// The exit code of both programs; docs/reference.md has the table.
    public var exitCode: Int32 {
        switch code {
        case .files, .busy: 1
        case .notTrusted: 3
        case .damaged: 4
        case .notFound: 5
        case .noSpace: 6
        case .engine: 7
        case .configuration: 64
        }
    }

    /// Any error below, with the code that fits it.
    init(wrapping error: any Error) {
        switch error {
        case let error as LoadError: self = error
        case let error as BundleError: self.init(error)
        case let error as EngineError: self.init(error)
        case let error as FileError: self.init(error)
        default: self.init(.files, "loading images: \(error)", cause: error)
        }
    }
}
