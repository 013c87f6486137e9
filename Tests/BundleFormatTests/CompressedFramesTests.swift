import Testing

@testable import BundleFormat

@Suite struct CompressedFramesTests {
    /// A frame of a length, with bytes that tell it from others.
    private func frame(_ number: Int, count: Int) -> ArraySlice<UInt8> {
        [UInt8](repeating: UInt8(number), count: count)[...]
    }

    @Test func framesThatNobodyExpectsAreNotKept() {
        var frames = CompressedFrames(capacity: 100)
        frames.keep(frame(1, count: 10), 1)
        #expect(frames.frame(1) == nil)
        frames.expect([1])
        frames.keep(frame(1, count: 10), 1)
        #expect(frames.frame(1) == [UInt8](repeating: 1, count: 10))
    }

    @Test func aFrameThatNobodyNeedsAnyMoreGoesFirst() {
        var frames = CompressedFrames(capacity: 30)
        for number in 1...4 { frames.expect([number]) }
        for number in 1...3 { frames.keep(frame(number, count: 10), number) }
        // 3 is not the one used longest ago.
        frames.finished([3])
        frames.keep(frame(4, count: 10), 4)
        #expect(frames.frame(3) == nil)
        #expect(frames.frame(1) != nil && frames.frame(2) != nil && frames.frame(4) != nil)
    }

    @Test func elseTheFrameUsedLongestAgoGoes() {
        var frames = CompressedFrames(capacity: 25)
        for number in 1...3 { frames.expect([number]) }
        frames.keep(frame(1, count: 10), 1)
        frames.keep(frame(2, count: 10), 2)
        #expect(frames.frame(1) != nil)
        frames.keep(frame(3, count: 10), 3)
        #expect(frames.frame(2) == nil)
        #expect(frames.frame(1) != nil && frames.frame(3) != nil)
    }

    @Test func aFrameIsNeededUntilItsLastStreamWasRead() {
        var frames = CompressedFrames(capacity: 10)
        frames.expect([1])
        frames.expect([1, 2])
        frames.keep(frame(1, count: 10), 1)
        frames.finished([1])
        #expect(frames.frame(1) != nil)
        frames.finished([1, 2])
        frames.expect([2])
        frames.keep(frame(2, count: 10), 2)
        #expect(frames.frame(1) == nil && frames.frame(2) != nil)
    }

    @Test func whatIsLargerThanTheWholeIsNotKept() {
        var frames = CompressedFrames(capacity: 10)
        frames.expect([1, 2])
        frames.keep(frame(1, count: 10), 1)
        frames.keep(frame(2, count: 11), 2)
        #expect(frames.frame(1) != nil && frames.frame(2) == nil)
    }
}
