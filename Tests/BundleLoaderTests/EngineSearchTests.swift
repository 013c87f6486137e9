import Engines
import Foundation
import TestSupport
import Testing

@testable import BundleLoader

/// What `auto` finds in a system of a few files.
@Suite struct EngineSearchTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func install(_ path: String, mode: mode_t = 0o755) throws {
        let folder = URL(fileURLWithPath: directory.path + path).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data("#!/bin/sh\n".utf8).write(to: URL(fileURLWithPath: directory.path + path))
        chmod(directory.path + path, mode)
    }

    private func found() throws -> (target: LoadTarget, reason: String?) {
        try EngineSearch(root: directory.path).find(.automatic(namespace: "n"))
    }

    private func containerd(_ socket: String) -> LoadTarget {
        .containerd(socket: directory.path + socket, namespace: "n")
    }

    @Test func `each engine gives way to what uses it, and the reason is told`() throws {
        #expect(throws: EngineError(.unreachable, "")) { try found() }
        try install("/usr/bin/ctr")
        #expect(try found().target == containerd("/run/containerd/containerd.sock"))
        try install("/usr/bin/podman")
        #expect(try found().target == .podman(socket: nil))
        #expect(try found().reason?.contains("/usr/bin/podman") == true)
        try install("/usr/sbin/dockerd")
        #expect(try found().target == .docker(socket: directory.path + "/run/docker.sock"))
        try install("/var/lib/kubelet/config.yaml", mode: 0o600)
        #expect(try found().target == containerd("/run/containerd/containerd.sock"))
        #expect(try found().reason?.contains("/var/lib/kubelet/config.yaml") == true)
        try install("/usr/local/bin/k3s")
        #expect(try found().target == containerd("/run/k3s/containerd/containerd.sock"))
        #expect(try found().reason?.contains("k3s") == true)
        try install("/var/lib/rancher/rke2/bin/ctr")
        #expect(try found().reason?.contains("RKE2") == true)
    }

    @Test func `a program that others can change is none`() throws {
        try install("/usr/bin/ctr", mode: 0o777)
        #expect(throws: EngineError(.unreachable, "")) { try found() }
        // Kubelet alone runs nothing.
        try install("/etc/kubernetes/kubelet.conf")
        #expect(throws: EngineError(.unreachable, "")) { try found() }
    }

    @Test func `what is named needs no search`() throws {
        let target = LoadTarget.podman(socket: "/p.sock")
        let found = try EngineSearch(root: directory.path).find(target)
        #expect(found.target == target && found.reason == nil)
    }
}
