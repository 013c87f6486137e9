import Foundation
import Synchronization
import TestSupport

/// A socket in front of a docker daemon's: passes on what either side says, and tells how far the sending of an image is.
///
/// So a test can do something at one certain byte.
final class DockerRelay: Sendable {
    let socket: String
    private let directory: TemporaryDirectory
    private let listener: Int32

    /// Calls back on a thread of its own, each time before something is passed on, which it may hold back.
    ///
    /// `onRequest` gets the first line of each request, `onLoad` how many bytes of how many of an archive were sent: at first
    /// 0, at last all.
    init(
        to target: String, onRequest: @escaping @Sendable (String) -> Void = { _ in },
        onLoad: @escaping @Sendable (_ sent: Int, _ total: Int) -> Void
    ) throws {
        directory = try TemporaryDirectory()
        socket = directory.path("s")
        let listener = try Self.open(socket, bind)
        guard listen(listener, 16) == 0 else { throw CommandError(.system, "cannot listen at \(socket)") }
        self.listener = listener
        Thread.detachNewThread {
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { return }
                guard let daemon = try? Self.open(target, connect) else {
                    close(client)
                    continue
                }
                let ends = Mutex(0)
                // Closed by the one of both that ends last.
                @Sendable func end() {
                    guard
                        ends.withLock({ ends in
                            ends += 1; return ends == 2
                        })
                    else { return }
                    close(client)
                    close(daemon)
                }
                Thread.detachNewThread {
                    Self.passRequest(from: client, to: daemon, onRequest, onLoad)
                    shutdown(daemon, Int32(SHUT_WR))
                    end()
                }
                Thread.detachNewThread {
                    while case let bytes = Self.read(daemon), !bytes.isEmpty, Self.write(bytes, to: client) {}
                    shutdown(client, Int32(SHUT_WR))
                    end()
                }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private static func passRequest(
        from client: Int32, to daemon: Int32, _ onRequest: (String) -> Void, _ onLoad: (Int, Int) -> Void
    ) {
        var head: [UInt8] = []
        while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            let byte = read(client, atMost: 1)
            guard !byte.isEmpty else { return }
            head += byte
        }
        let lines = String(decoding: head, as: UTF8.self).components(separatedBy: "\r\n")
        let length = lines.first { $0.hasPrefix("Content-Length: ") }.flatMap { Int($0.dropFirst(16)) }
        onRequest(lines[0])
        guard write(head, to: daemon) else { return }
        // The probes of healing are archives of a few kilobytes.
        let isLoad = lines[0].contains("/images/load") && length ?? 0 > 100_000
        if isLoad { onLoad(0, length ?? 0) }
        var sent = 0
        while let length, sent < length {
            let bytes = read(client)
            guard !bytes.isEmpty else { return }
            sent += bytes.count
            if isLoad { onLoad(sent, length) }
            guard write(bytes, to: daemon) else { return }
        }
        // Until the client is gone: the daemon must not take its own answer for cut off.
        while !read(client).isEmpty {}
    }

    private static func read(_ number: Int32, atMost limit: Int = 1 << 16) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            count = max(0, recv(number, buffer.baseAddress, limit, 0))
        }
    }

    private static func write(_ bytes: [UInt8], to number: Int32) -> Bool {
        var start = 0
        while start < bytes.count {
            let count = bytes[start...].withUnsafeBytes { send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            start += count
        }
        return true
    }

    private static func open(
        _ path: String, _ action: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws -> Int32 {
        let number = Foundation.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                action(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            close(number)
            throw CommandError(.system, "no socket at \(path): error \(errno)")
        }
        return number
    }
}

/// What a relay's thread is told later.
final class Later<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)

    func set(_ value: Value) { self.value.withLock { $0 = value } }

    /// Blocks until it is set.
    func get() -> Value {
        while true {
            if let value = value.withLock(\.self) { return value }
            usleep(1000)
        }
    }
}
