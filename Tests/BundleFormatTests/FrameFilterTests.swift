import TestSupport
import Testing

@testable import BundleFormat

@Suite struct FrameFilterTests {
    /// Calls of a few functions and uses of a few variables, with other instructions between.
    private static func code(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = DeterministicRandom(seed: seed)
        var bytes: [UInt8] = []
        while bytes.count < count {
            bytes += (0..<Int.random(in: 4...24, using: &random)).map { _ in
                UInt8.random(in: 0x80...0xC7, using: &random)
            }
            bytes +=
                Bool.random(using: &random)
                ? [0xE8] : [0x48, 0x8B, 0x05 | UInt8.random(in: 0...7, using: &random) << 3]
            let target = Int32.random(in: 0..<10, using: &random) * 7919
            let relative = target - Int32(bytes.count) - 4
            bytes += (0..<4).map { UInt8(truncatingIfNeeded: relative >> (8 * $0)) }
        }
        return Array(bytes.prefix(count))
    }

    private static func undone(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        bytes.withUnsafeMutableBytes { FrameFilter.x86.undo(in: $0) }
        return bytes
    }

    /// Bytes of which many find or look like fields, and numbers at the ends of the range.
    private static func hostile(_ count: Int, _ random: inout DeterministicRandom) -> [UInt8] {
        let pieces: [[UInt8]] = [
            [0xE8], [0xE9], [0x48], [0x4C], [0x89], [0x8D], [0x05], [0x3D], [0x00], [0xFF], [0x0F], [0xF0], [0x10],
            [0xEF],
            [0xE8, 0xFF, 0xFF, 0xFF, 0x0F], [0xE8, 0x00, 0x00, 0x00, 0xF0], [0xE9, 0x00, 0x00, 0x00, 0x10],
            [0xE9, 0xFF, 0xFF, 0xFF, 0xEF], [0x4C, 0x8F, 0x05, 0xE8, 0xE8, 0x00, 0x00], [0x48, 0x8B, 0x05],
        ]
        var bytes: [UInt8] = []
        while bytes.count < count { bytes += pieces.randomElement(using: &random) ?? [] }
        return Array(bytes.prefix(count))
    }

    @Test func whatIsFilteredComesBackAsAnIndependentReaderMakesIt() {
        var random = DeterministicRandom(seed: 5)
        var changed = 0
        for count in Array(0...40) + [63, 64, 65, 255, 4096] {
            for round in 0..<20 {
                let content =
                    switch round % 3 {
                    case 0: (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
                    case 1: Self.code(count, seed: UInt64(round))
                    default: Self.hostile(count, &random)
                    }
                let filtered = FrameFilter.x86.applied(to: content)
                #expect(filtered.count == content.count)
                let returns = Self.undone(filtered) == content
                #expect(returns, "\(count) bytes, round \(round)")
                // Any bytes can be undone, and done again.
                let returnsToo = FrameFilter.x86.applied(to: Self.undone(content)) == content
                #expect(returnsToo, "\(count) bytes, round \(round)")
                var independent = filtered
                IndependentReader.undoX86(&independent)
                let agrees = independent == content
                #expect(agrees, "\(count) bytes, round \(round)")
                changed += filtered == content ? 0 : 1
            }
        }
        #expect(changed > 300)
    }

    @Test func theSameTargetIsTheSameBytes() {
        let calls: [UInt8] = [0x90, 0xE8, 0x10, 0, 0, 0, 0x90, 0x90, 0xE8, 0x09, 0, 0, 0, 0x90, 0x90, 0x90]
        #expect(
            FrameFilter.x86.applied(to: calls)
                == [0x90, 0xE8, 0x16, 0, 0, 0, 0x90, 0x90, 0xE8, 0x16, 0, 0, 0, 0x90, 0x90, 0x90])
        // lea rax, [rip - 7], which is its own start, and the last places, in which no field is looked for.
        let address: [UInt8] = [0x48, 0x8D, 0x05, 0xF9, 0xFF, 0xFF, 0xFF, 0x90, 0xE8, 0, 0, 0, 0]
        #expect(FrameFilter.x86.applied(to: address) == [0x48, 0x8D, 0x05, 0, 0, 0, 0, 0x90, 0xE8, 0, 0, 0, 0])
    }

    @Test func onlyWhatLooksLikeMachineCodeIsFiltered() {
        var random = DeterministicRandom(seed: 9)
        #expect(FrameFilter.suiting(Self.code(1 << 16, seed: 1)) == .x86)
        #expect(FrameFilter.suiting((0..<1 << 16).map { _ in UInt8.random(in: 0...255, using: &random) }) == .none)
        #expect(FrameFilter.suiting([UInt8](repeating: 0, count: 1 << 16)) == .none)
        #expect(FrameFilter.suiting(Array(String(repeating: "Text of any kind. ", count: 4000).utf8)) == .none)
        #expect(FrameFilter.suiting([]) == .none)
        #expect(FrameFilter.suiting([0xE8, 0, 0]) == .none)
    }
}
