import Console
import Glibc
import Synchronization
import Testing

@Suite struct PulseTests {
    @Test func tellsOfLifeWhileItsOwnThreadIsBlocked() {
        let signs = Signs()
        let listener = WorkListener(
            phase: { _, _ in }, advance: { bytes in if bytes == 0 { signs.count.add(1, ordering: .relaxed) } },
            note: { _ in })
        let pulse = listener.pulse()
        // As a call of the kernel that takes long; a slow machine gets more time.
        for _ in 0..<600 where signs.count.load(ordering: .relaxed) < 3 { usleep(100_000) }
        #expect(signs.count.load(ordering: .relaxed) >= 3)
        pulse.end()
        usleep(200_000)
        let last = signs.count.load(ordering: .relaxed)
        usleep(2_500_000)
        #expect(signs.count.load(ordering: .relaxed) == last)
    }

    private final class Signs: Sendable { let count = Atomic(0) }
}
