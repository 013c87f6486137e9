import BundleDelivery
import Foundation
import Registry
import TestSupport

/// The `etc` of a system of one test.
struct MirrorScene {
    let home: TemporaryDirectory

    static let certificate = Array("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n".utf8)

    init() throws { home = try TemporaryDirectory() }

    /// Plans and does it; gives what happened to each file.
    @discardableResult
    func write(_ mirror: Mirror?, _ runtimes: MirrorRuntime...) throws -> [String] {
        let configurator = try MirrorConfigurator(root: home.path)
        let plan = try configurator.plan(mirror, runtimes: runtimes)
        try configurator.apply(plan)
        return plan.changes.map { "\($0.kind.rawValue) \($0.path)" }
    }

    func put(_ text: String, _ name: String, mode: mode_t = 0o644) throws {
        try home.makeDirectory("etc/" + (name as NSString).deletingLastPathComponent)
        try home.write(text, to: "etc/" + name)
        chmod(home.path("etc/" + name), mode)
    }

    func text(_ name: String) throws -> String { String(decoding: try home.read("etc/" + name), as: UTF8.self) }

    func exists(_ name: String) -> Bool { access(home.path("etc/" + name), F_OK) == 0 }

    func mode(_ name: String) -> mode_t {
        var status = stat()
        return stat(home.path("etc/" + name), &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    /// Every file beneath `etc` with its bytes.
    func files() throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: home.path) {
            var isDirectory: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: home.path(path), isDirectory: &isDirectory)
            if !isDirectory.boolValue { files[path] = try home.read(path) }
        }
        return files
    }
}
