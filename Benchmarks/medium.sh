#!/bin/bash
# Measures writing a bundle as a disc image and to a stick, beside `cp` of the same bytes, in the same run.
#
#   Benchmarks/medium.sh           the small corpus      FULL=1: the large one      RUNS=3
#
# Everything ends on the device, and the forms take turns. Times are medians of RUNS.
set -euo pipefail
cd "$(dirname "$0")/.."
. Benchmarks/measure.sh

build original 9 "$work/bundle" "$work/cache"
rm -rf "$work/cache"
mkdir "$work/out"
write_alone() { # until all of it is on the device: then what memory holds of it is dropped, and it is read back
    local began=$EPOCHREALTIME
    strace -f --seccomp-bpf -qq -ttt -e trace=fadvise64 -o "$work/calls" \
        "$bundle" iso "$work/bundle" --trust "$work/bench.pub" --output "$1" --no-progress
    awk -v a="$began" '/DONTNEED/ { printf "%.3f\n", $2 - a; exit }' "$work/calls" >>"$work/time-writing"
}
write_iso() { "$bundle" iso "$work/bundle" --trust "$work/bench.pub" --output "$1" --no-progress; }
write_cp() {
    cp -r "$work/bundle" "$1"
    sync --file-system "$1"
}
write_compared() { # what `bundle iso` does besides
    write_cp "$1"
    (cd "$1" && sha256sum --check --strict --quiet SHA256SUMS && cat blobs/sha256/* | md5sum)
}
cat "$work"/bundle/blobs/sha256/* >/dev/null # into the page cache
for i in $(seq "$runs"); do
    for form in cp alone iso compared; do
        sync
        timed "$form" "write_$form" "$work/out/$form"
        [ "$i" = "$runs" ] && [ "$form" = iso ] && iso=$(size "$work/out/$form")
        rm -rf "$work/out/$form"
    done
done
peak=$(memory "$bundle" iso "$work/bundle" --trust "$work/bench.pub" --output "$work/out/iso" --no-progress 2>>"$run/errors.log")

echo "## Media: bundle $(megabytes "$(size "$work/bundle")") MB, image $(megabytes "$iso") MB; $jobs cores"
echo
echo "| what | ours | beside | ratio of speeds |"
echo "| --- | --- | --- | --- |"
rate "writing the image, s (wants ≥ 0.8)" "$(time_of writing)" "cp -r, sync" "$(time_of cp)"
rate "bundle iso: writing, reading back, comparing, s" "$(time_of iso)" "cp -r, sync, sha256sum, md5sum" "$(time_of compared)"
rate "the same" "$(time_of iso)" "cp -r, sync, nothing compared" "$(time_of cp)"
row "peak memory of bundle iso, MiB" "$peak" "" ""
