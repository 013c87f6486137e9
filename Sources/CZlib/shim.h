#include <zlib.h>

/* Macros in zlib.h: raw deflate with the largest window, and the default memory level. */
static inline int bundle_deflateInitRaw(z_stream *stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
}

static inline int bundle_inflateInitRaw(z_stream *stream) {
    return inflateInit2(stream, -15);
}
