/// Maps with a bounded number of tasks; the results keep the order of the values.
func mapInParallel<Value: Sendable, Result: Sendable>(
    _ values: [Value], width: Int, _ transform: @escaping @Sendable (Value) async throws(BuildError) -> Result
) async throws(BuildError) -> [Result] {
    do {
        return try await withThrowingTaskGroup(of: (Int, Result).self) { group in
            var results: [Result?] = values.map { _ in nil }
            for (position, value) in values.enumerated() {
                if position >= width, let (done, result) = try await group.next() { results[done] = result }
                group.addTask { (position, try await transform(value)) }
            }
            for try await (done, result) in group { results[done] = result }
            return results.compactMap(\.self)
        }
    } catch {
        throw BuildError(error, doing: "working in parallel")
    }
}
