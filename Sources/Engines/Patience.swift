/// Waits until an engine answers, and at most so long.
///
/// - Parameters:
///   - engine: As `docker`.
///   - wait: How long it may be absent, refuse, or not answer.
///   - retrying: Called with what was found each time that it is asked again.
///   - attempt: Asks; gets how long it may take.
/// - Returns: What the engine answered.
/// - Throws: `EngineError` with code `unreachable` when time is over, or at once with any other; `CancellationError`.
func waitForEngine<Answer>(
    _ engine: String, _ wait: Duration, retrying: (EngineError) -> Void,
    attempt: (Duration) throws(EngineError) -> Answer
) async throws -> Answer {
    let deadline = ContinuousClock.now + wait
    while true {
        let left = ContinuousClock.now.duration(to: deadline)
        do throws(EngineError) {
            // A daemon that starts has a socket, but does not answer; asked again it may.
            return try attempt(max(.milliseconds(500), min(left, .seconds(5))))
        } catch {
            guard error.code == .unreachable, ContinuousClock.now < deadline else {
                guard error.code == .unreachable, wait > .zero else { throw error }
                throw EngineError(.unreachable, "waited \(wait) for \(engine): \(error.message)", cause: error)
            }
            retrying(error)
        }
        try await Task.sleep(for: .milliseconds(200))
    }
}
