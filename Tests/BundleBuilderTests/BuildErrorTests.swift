import BundleBuilder
import BundleFormat
import DurableFiles
import Gzip
import OCI
import Registry
import Testing
import Zstandard

/// Which errors of the modules below are whose fault.
@Suite struct BuildErrorTests {
    private static let full = FileError(.noSpace, "")

    private static let table: [(error: any Error, code: BuildError.Code)] = [
        (full, .noSpace), (FileError(.busy, ""), .busy), (FileError(.io, ""), .files),
        (BundleError(.noSpace, ""), .noSpace), (BundleError(.invalid, ""), .files),
        (RegistryError(.notFound, ""), .notFound), (RegistryError(.unavailable, ""), .source),
        (RegistryError(.configuration, ""), .source), (RegistryError(.sink, "", cause: full), .noSpace),
        (RegistryError(.cancelled, ""), .files), (OCIError(.invalidDigest, ""), .source),
        (BuildError(.lock, ""), .lock), (GzipError(.damaged, ""), .files), (ZstandardError(.failed, ""), .files),
        (CancellationError(), .files),
    ]

    @Test(arguments: table.indices) func `every error has a code`(number: Int) {
        let (error, code) = Self.table[number]
        #expect(BuildError(error, doing: "testing").code == code, "\(error)")
    }
}
