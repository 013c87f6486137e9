import Foundation

extension Thread {
    /// Runs something that watches and waits on a thread of its own: tasks of other tests cannot hold it up there.
    static func running(_ work: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            Thread.detachNewThread {
                work()
                continuation.resume()
            }
        }
    }
}
