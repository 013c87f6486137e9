import ArgumentParser
import BundleFormat
import BundleLoader
import BundleSpec
import Foundation
import OCI
import Registry

/// How to reach registries that the spec says nothing about.
struct RegistryOptions: ParsableArguments {
    @Flag(help: "Speak http:// to registries; loopback ones are spoken to so anyway.")
    var plainHTTP = false

    @Flag(name: .customLong("insecure-skip-tls-verify"), help: "Do not check registries' certificates.")
    var insecureSkipTLSVerify = false

    @Option(help: ArgumentHelp("Trust the authorities in this PEM file.", valueName: "file"))
    var caFile: String?

    @Option(help: ArgumentHelp("Present this client certificate (PEM).", valueName: "file"))
    var cert: String?

    @Option(help: ArgumentHelp("The key of --cert (PEM).", valueName: "file"))
    var certKey: String?

    /// The settings for one registry.
    func access() throws -> RegistryAccess {
        try checkCertificate()
        return RegistryAccess(
            plainHTTP: plainHTTP ? true : nil, insecureSkipTLSVerify: insecureSkipTLSVerify, caFile: caFile,
            certificate: cert, certificateKey: certKey)
    }

    private func checkCertificate() throws {
        guard (cert == nil) == (certKey == nil) else {
            throw UsageError("--cert and --cert-key belong together; give both")
        }
    }

    /// The spec's settings, completed for every registry that it names but does not describe.
    ///
    /// - Throws: `UsageError` when there is no such registry, so that no option is ignored silently.
    func completing(_ specification: Specification) throws -> Specification {
        try checkCertificate()
        guard plainHTTP || insecureSkipTLSVerify || caFile != nil || cert != nil else { return specification }
        var registries = specification.registries
        for image in specification.images {
            guard case .registry(let reference) = image.source, registries[reference.registry] == nil else { continue }
            registries[reference.registry] = RegistrySettings(
                caFile: caFile, certificate: cert, certificateKey: certKey, plainHTTP: plainHTTP,
                insecureSkipTLSVerify: insecureSkipTLSVerify)
        }
        guard registries.count > specification.registries.count else {
            throw UsageError(
                "--plain-http, --insecure-skip-tls-verify, --ca-file and --cert are for registries that the spec does not "
                    + "describe, and it names no such one; write the setting into its 'registries'")
        }
        return Specification(
            product: specification.product, channel: specification.channel, version: specification.version,
            platforms: specification.platforms, referrers: specification.referrers, registries: registries,
            trust: specification.trust, images: specification.images, directory: specification.directory)
    }
}

/// Values for a spec's variables.
struct VariableOptions: ParsableArguments {
    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("Give a variable of the spec a value; repeatable.", valueName: "name=value"))
    var assignments: [String] = []

    func overrides() throws -> [String: String] {
        var result: [String: String] = [:]
        for assignment in assignments {
            guard let equals = assignment.firstIndex(of: "="), equals != assignment.startIndex else {
                throw UsageError("--set '\(assignment)' is not NAME=VALUE")
            }
            result[String(assignment[..<equals])] = String(assignment[assignment.index(after: equals)...])
        }
        return result
    }
}

/// Whose signatures count.
struct TrustOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A trusted public key, or a directory of *.pub files; repeatable.", valueName: "path"))
    var trust: [String]

    @Option(help: ArgumentHelp("How many distinct trusted keys must have signed.", valueName: "n"))
    var threshold = 1

    func policy() throws -> TrustPolicy {
        guard 1...TrustPolicy.maximumKeyCount ~= threshold else {
            throw UsageError("--threshold is 1 to \(TrustPolicy.maximumKeyCount), as many keys as must have signed")
        }
        return try TrustPolicy.load(paths: trust, threshold: threshold)
    }

    /// For a load: one directory is read with its policy, which `--threshold` may only tighten; keys by themselves have none.
    func store() throws -> TrustStore {
        let keys = try policy()
        var isDirectory: ObjCBool = false
        guard trust.count == 1, FileManager.default.fileExists(atPath: trust[0], isDirectory: &isDirectory),
            isDirectory.boolValue
        else { return TrustStore(keys: keys) }
        return try TrustStore(directory: trust[0], threshold: threshold)
    }
}

/// Which images of a bundle are delivered.
struct SelectionOptions: ParsableArguments {
    @Option(
        name: .customLong("image"),
        help: ArgumentHelp("Only this image, by reference or name; repeatable.", valueName: "ref"))
    var images: [String] = []

    @Option(
        name: .customLong("group"),
        help: ArgumentHelp("A group that the target belongs to; repeatable.", valueName: "name"))
    var groups: [String] = []

    /// The groups.
    var groupNames: Set<String> { Set(groups) }

    /// The images that were named; empty for all that the groups allow.
    func references() throws -> [Reference] {
        guard images.isEmpty || groups.isEmpty else {
            throw UsageError("--image names images whatever their groups are; give --image or --group")
        }
        return try images.map { try Reference(parsing: $0) }
    }
}

/// How much of the machine is used, and what is shown.
struct WorkOptions: ParsableArguments {
    @Option(help: ArgumentHelp("How many cores to use; all by default.", valueName: "n"))
    var jobs = ProcessInfo.processInfo.activeProcessorCount

    @Flag(help: "Show no progress.")
    var noProgress = false

    func validate() throws {
        guard 1...256 ~= jobs else { throw ValidationError("--jobs is 1 to 256") }
    }
}
