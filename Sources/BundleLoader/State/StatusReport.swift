import DurableFiles
import Engines
import StrictJSON

/// What the state directory says of the last run, of floors, and of loads that were interrupted.
public struct StatusReport: Sendable {
    /// The receipt of the last run, one line of JSON.
    public let receipt: [UInt8]
    /// The same and the rest for people, a line each.
    public let lines: [String]

    /// Reads a state directory; changes nothing.
    ///
    /// - Throws: `LoadError` with code `notFound` when no run has left a receipt there, or `damaged`.
    public init(statePath path: String) throws(LoadError) {
        guard let state = try StateDirectory(existing: path)?.directory, let last = try ReceiptLog(in: state).last()
        else {
            throw LoadError(
                .notFound, "reading the state: no run has left a receipt in \(path); check STATE_DIR")
        }
        receipt = last.line
        var lines: [String]
        do throws(JSONError) { lines = try Self.lines(of: last.receipt) } catch {
            throw LoadError(.damaged, "reading the last receipt in \(path): \(error.message)", cause: error)
        }
        let floors = FloorStore(in: state)
        for (product, channel) in try floors.names() {
            guard let floor = try floors.floor(product: product, channel: channel) else { continue }
            lines.append(
                "floor     \(product) \(channel): version \(floor.floor) or later; \(floor.installed) was loaded last")
        }
        for intent in try Journal.openIntents(in: state) {
            lines.append("open      \(intent.reference): its load was interrupted; the next run heals it")
        }
        self.lines = lines
    }

    private static func lines(of receipt: JSONNode) throws(JSONError) -> [String] {
        let result = try receipt.member("result").integer(in: 0...255)
        var lines = [
            "run       \(try receipt.member("started").string()) to \(try receipt.member("ended").string()): "
                + (result == 0 ? "done" : "exit code \(result)")
        ]
        if let error = try receipt.optional("error")?.string() { lines.append("error     \(error)") }
        if let bundle = try receipt.optional("bundle") {
            lines.append(
                "bundle    \(try bundle.member("product").string()) \(try bundle.member("channel").string()) "
                    + "\(try bundle.member("version").integer(in: 0...Int64.max))")
        }
        if let target = try receipt.optional("target") {
            lines.append("target    \(try target.member("description").string())")
        }
        for image in try receipt.member("images").elements() {
            let result = try image.member("result").string()
            let padding = String(repeating: " ", count: max(1, 10 - result.utf8.count))
            lines.append(
                result + padding + (try image.member("reference").string()) + " " + (try image.member("id").string()))
        }
        return lines
    }
}
