#if ISAL
    import CISAL

    /// With ISA-L.
    @safe final class ISALInflateState: InflateState {
        private let state: UnsafeMutablePointer<inflate_state>
        private let buffer: UnsafeMutableRawBufferPointer

        init() {
            unsafe state = .allocate(capacity: 1)
            unsafe buffer = .allocate(byteCount: GzipInflater.outputSize, alignment: 64)
            reset()
        }

        deinit {
            unsafe state.deallocate()
            unsafe buffer.deallocate()
        }

        func reset() {
            unsafe isal_inflate_init(state)
            unsafe state.pointee.crc_flag = UInt32(ISAL_GZIP_NO_HDR)
        }

        var checksum: UInt32 { unsafe state.pointee.crc }

        var length: UInt32 { unsafe state.pointee.total_out }

        func inflate(
            _ input: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void
        ) throws -> (used: Int, isEnd: Bool) {
            // The library counts in 32 bits.
            let size = min(input.count, 1 << 30)
            // It only reads through this pointer.
            unsafe state.pointee.next_in = UnsafeMutablePointer(
                mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
            unsafe state.pointee.avail_in = UInt32(size)
            while true {
                unsafe state.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
                unsafe state.pointee.avail_out = UInt32(buffer.count)
                let result = unsafe isal_inflate(state)
                try check(result)
                let rest = unsafe Int(state.pointee.avail_out)
                let count = unsafe buffer.count - rest
                if count > 0 { try unsafe output(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
                let isEnd = unsafe state.pointee.block_state == ISAL_BLOCK_FINISH
                let unused = unsafe Int(state.pointee.avail_in)
                if isEnd || (unused == 0 && rest > 0) { return (size - unused, isEnd) }
            }
        }

        func takeBack() -> [UInt8] {
            let count = unsafe Int(state.pointee.read_in_length) / 8
            let padding = unsafe UInt64(state.pointee.read_in_length) % 8
            let bits = unsafe state.pointee.read_in >> padding
            return (0..<count).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt64($0))) }
        }

        private func check(_ result: Int32) throws(GzipError) {
            switch result {
            case ISAL_DECOMP_OK, ISAL_END_INPUT, ISAL_OUT_OVERFLOW: return
            default: throw GzipError(.damaged, "cannot inflate: the compressed data is broken (code \(result))")
            }
        }
    }
#endif
