import OCI

/// The archive that a docker daemon makes of an image, read as it comes.
///
/// Spec: Docker Engine API, `GET /images/{name}/get`. A class, since callbacks read it; used by one task at a time.
public final class DockerExport {
    private var connection: HTTPConnection
    private var piece: [UInt8]
    private var position = 0

    private static let maximumMessageSize = 64 << 10

    /// Asks for an image.
    ///
    /// - Parameters:
    ///   - image: Its name or ID.
    ///   - socket: The daemon's socket, which must belong to root or to us, as must the process behind it.
    /// - Throws: `EngineError` with code `notFound` when there is no such image, `unreachable` or `refused`.
    public init(of image: String, socket: String) throws(EngineError) {
        // The export itself tells an absent image from other failures in some versions only.
        let client = DockerClient(path: socket, idleLimit: DockerEngine.idleLimit)
        guard try client.get("/images/\(DockerClient.encoded(image))/json") != nil else {
            throw EngineError(.notFound, "the docker daemon at \(socket) has no image \(image); build or pull it")
        }
        connection = try HTTPConnection(
            path: socket, method: "GET", target: "/images/\(DockerClient.encoded(image))/get",
            limits: HTTPConnection.Limits(idle: DockerEngine.idleLimit, body: .max), progress: { _ in })
        piece = try connection.part() ?? []
        guard let status = connection.status, status != 200 else { return }
        var text = piece
        while text.count < Self.maximumMessageSize, let more = try connection.part() { text += more }
        let said = DockerClient.message(text)
        throw EngineError(
            .refused, "asking the docker daemon at \(socket) for the image \(image): it said: \(said)")
    }

    /// Fills the start of a buffer with the next bytes, and says how many; 0 at the end.
    ///
    /// - Throws: `EngineError` with code `unreachable` when the daemon breaks off, or `refused`.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(EngineError) -> Int {
        while position == piece.count {
            guard let next = try connection.part() else { return 0 }
            piece = next
            position = 0
        }
        let count = min(buffer.count, piece.count - position)
        unsafe buffer.copyBytes(from: piece[position..<position + count])
        position += count
        return count
    }
}
