#!/bin/bash
# Sourced by benchmarks: the corpus in a registry of its own, specs of it, and how things are measured.
# shellcheck disable=SC2034 # some variables are for the scripts
export LC_ALL=C
bundle=$PWD/dist/bundle
levels=${LEVELS:-3 9 19}
runs=${RUNS:-3}
jobs=$(nproc)
corpus=$(Benchmarks/make-corpus.sh)
work=$(mktemp -d "${TMPDIR:-/tmp}/bundle-bench-XXXXXX")
. Benchmarks/services.sh
leftovers+=("$work")
serve_registry "$corpus/registry"

spec() { # PREFIX: a spec of the pushed images, or of those with uncompressed layers
    printf 'product: corpus\nversion: 1\nimages:\n'
    awk -v registry="$registry" -v prefix="$1" '
        prefix == "" && $1 !~ /^plain\// || prefix != "" && index($1, prefix) == 1 { print "  - " registry "/" $1 }
    ' "$corpus/images.txt"
}
spec '' >"$work/gzip.yaml"
spec plain/ >"$work/plain.yaml"
sed -E 's|^  - (.*)|  - { image: "\1", store: original }|' "$work/gzip.yaml" >"$work/original.yaml"
"$bundle" keygen --output "$work" --name bench >/dev/null
build() { # KIND LEVEL OUTPUT CACHE [OPTION…]
    local kind=$1 level=$2 output=$3 cache=$4
    shift 4
    "$bundle" build "$work/$kind.yaml" --output "$output" --key "$work/bench.key" --level "$level" --cache "$cache" \
        --no-progress "$@" >/dev/null 2>>"$run/errors.log"
}
median() { sort -n | sed -n "$(((runs + 1) / 2))p"; } # of RUNS lines
seconds() { # COMMAND…: the median time of RUNS runs
    local i
    for i in $(seq "$runs"); do
        /usr/bin/time -f %e -o "$work/time.$i" "$@" >/dev/null
    done
    cat "$work"/time.* | median
    rm -f "$work"/time.*
}
elapsed() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f\n", b - a }'; } # SINCE, in seconds
timed() { # NAME COMMAND…: adds its time to those of this name
    local name=$1 began=$EPOCHREALTIME
    shift
    "$@" >/dev/null 2>>"$run/errors.log"
    elapsed "$began" >>"$work/time-$name"
}
time_of() { median <"$work/time-$1"; } # NAME
memory() { # COMMAND…: the peak of resident memory, in MiB
    /usr/bin/time -f %M -o "$work/rss" "$@" >/dev/null
    awk '{ printf "%.0f", $1 / 1024 }' "$work/rss"
}
size() { du -sb --apparent-size "$@" | awk '{ sum += $1 } END { print sum }'; }
megabytes() { awk -v n="$1" 'BEGIN { printf "%.1f", n / 1e6 }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", b ? a / b : 0 }'; }
inspect() { "$bundle" inspect "$1" --json | jq "$2"; }
row() { printf '| %s | %s | %s | %s |\n' "$@"; }
beside() { row "$1" "$2" "$3: $4" "$(ratio "$2" "$4")"; } # WHAT OURS BESIDE THEIRS
rate() { row "$1" "$2" "$3: $4" "$(ratio "$4" "$2")"; }   # the same, with the ratio of speeds

names_of() { jq -r '.images[].reference' "$1/manifest.json" >"$work/names"; } # BUNDLE
make_layout() { # of the images in `names`
    local name
    while read -r name; do
        skopeo copy --quiet --src-tls-verify=false "docker://$name" "oci:$work/layout:$(tr '/:' '__' <<<"$name")" \
            2>>"$run/errors.log"
    done <"$work/names"
}
push_layout() { # to `registry`
    local name
    while read -r name; do
        skopeo copy --quiet --dest-tls-verify=false "oci:$work/layout:$(tr '/:' '__' <<<"$name")" \
            "docker://$registry/${name#*/}" 2>>"$run/errors.log"
    done <"$work/names"
}
