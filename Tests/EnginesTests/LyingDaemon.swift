import Foundation
import Synchronization
import TestSupport

/// Something on a unix socket that answers with whatever a test wants.
final class LyingDaemon: Sendable {
    let path: String
    private let directory: TemporaryDirectory
    private let listener: Int32

    /// Answers each connection on a thread, one after another; the connection is closed when the answer returns.
    init(_ answer: @escaping @Sendable (LyingPeer) -> Void) throws {
        directory = try TemporaryDirectory()
        path = directory.path("s")
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0, listen(listener, 16) == 0 else { throw CommandError(.system, "cannot listen at \(path)") }
        Thread.detachNewThread {
            while true {
                let number = accept(listener, nil, nil)
                // Closed here: its number may be that of another test's socket as soon as it is.
                guard number >= 0 else {
                    close(listener)
                    return
                }
                answer(LyingPeer(number: number))
                close(number)
            }
        }
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }
}

/// The connection of a `LyingDaemon` to its client.
struct LyingPeer: Sendable {
    let number: Int32

    /// Sends all of it; false when the client is gone.
    @discardableResult
    func send(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let count = bytes[start...].withUnsafeBytes {
                Foundation.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            start += count
        }
        return true
    }

    /// Reads the head of a request and gives its first line.
    func readHead() -> String {
        var head: [UInt8] = []
        var byte: UInt8 = 0
        while !head.suffix(4).elementsEqual("\r\n\r\n".utf8), recv(number, &byte, 1, 0) == 1 { head.append(byte) }
        return String(decoding: head, as: UTF8.self).components(separatedBy: "\r\n")[0]
    }

    /// Reads until the client sends no more.
    func drain() {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while recv(number, &buffer, buffer.count, 0) > 0 {}
    }

    /// An answer with a length.
    func answer(_ body: String, status: Int = 200) {
        send("HTTP/1.1 \(status) X\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    /// What docker says of itself, or something else in its place.
    func answerAsDocker(
        api: String = "1.41", least: String = "1.12", name: String = "Engine",
        driverStatus: String = #"[["Backing Filesystem","extfs"]]"#
    ) {
        let line = readHead()
        if line.contains("/info") {
            answer(#"{"Driver":"overlay2","DockerRootDir":"/nowhere","DriverStatus":\#(driverStatus)}"#)
        } else {
            answer(
                #"{"Version":"1","ApiVersion":"\#(api)","MinAPIVersion":"\#(least)","Os":"linux","Arch":"amd64","Components":[{"Name":"\#(name)"}]}"#
            )
        }
    }
}
