#!/bin/bash
# Measures sizes, speed and memory of dist/bundle on the corpus, each beside a peer or a physical limit in the same run.
#
#   Benchmarks/run.sh            the small corpus      FULL=1: the large one      LEVELS="3 9 19"      RUNS=3
#
# Times are medians of RUNS; the machine's other work shows in them, so only the ratios mean something.
set -euo pipefail
cd "$(dirname "$0")/.."
. Benchmarks/measure.sh
echo "## Corpus: $(basename "$corpus"), $(grep -vc '^plain/' "$corpus/images.txt") images; $jobs cores; zstd $(zstd --version | grep -o 'v[0-9.]*' | head -n 1)"
echo
for kind in gzip plain; do build "$kind" 3 "$work/warm-$kind" "$work/cache" --pull-only; done

# --- Sizes. The streams of the plain images are the tars of the others: nothing has to be made again for them.
echo "| what | MB | of the unique gzip blobs |"
echo "| --- | --- | --- |"
build original 1 "$work/original" "$work/cache"
build gzip 9 "$work/gzip" "$work/cache"
gz=$(inspect "$work/gzip" .sizes.blobs)
line() { printf '| %s | %s | %s |\n' "$1" "$(megabytes "$2")" "$(ratio "$2" "$gz")"; }
line "sum of the images' gzip blobs" "$(inspect "$work/gzip" .sizes.images)"
line "unique gzip blobs (OCI layout of skopeo, crane, oras, Hauler, Zarf, oc-mirror)" "$gz"
line "our bundle with the blobs as they are (store: original)" "$(size "$work/original")"
exact=$(inspect "$work/gzip" '[.images[].manifests[].layers[] | select(.encoding.type == "gzip")] | unique_by(.digest) | map(.size) | add')
line "gzip blobs that are made again, bit for bit" "$exact"
for level in $levels; do
    build gzip "$level" "$work/gzip-$level" "$work/cache"
    line "our bundle, level $level" "$(size "$work/gzip-$level")"
    rm -rf "$work/gzip-$level"
done
for level in $levels; do
    build plain "$level" "$work/plain-$level" "$work/cache"
    [ "$level" != "${levels%% *}" ] || {
        line "unique tars" "$(inspect "$work/plain-$level" .sizes.blobs)"
        line "unique tars after deduplication" "$(inspect "$work/plain-$level" .sizes.content)"
    }
done
names_of "$work/gzip"
mkdir -p "$work/tars"
for digest in $(inspect "$work/plain-${levels%% *}" '.images[].manifests[].layers[].digest' | tr -d '"' | sort -u); do
    cp "$work/cache/v1/blobs/${digest#sha256:}" "$work/tars/"
done
while read -r name; do
    skopeo copy --quiet --src-tls-verify=false --dest-compress-format zstd --dest-compress "docker://$name" \
        "oci:$work/layout-zstd:$(tr '/:' '__' <<<"$name")" 2>>"$run/errors.log"
done <"$work/names"
line "OCI layout, recompressed by skopeo as zstd" "$(size "$work/layout-zstd/blobs")"
inspect "$work/gzip" '.images[].manifests[].layers[].digest' | tr -d '"' | sort -u |
    sed 's/^sha256://' >"$work/unique-blobs"
line "tar of the unique gzip blobs through zstd -19" \
    "$(tar -C "$work/cache/v1/blobs" -c -T "$work/unique-blobs" | zstd -q -T0 -19 | wc -c)"
serve_docker "$work/docker"
xargs -n 1 docker pull --quiet <"$work/names" >/dev/null
xargs docker save <"$work/names" >"$work/save.tar"
line "docker save of all images" "$(size "$work/save.tar")"
for zstd in "-3 --long=30" "-19 --long=27"; do
    # shellcheck disable=SC2086
    line "docker save through zstd $zstd" "$(zstd -q -T0 $zstd <"$work/save.tar" | wc -c)"
done
echo

# --- Speed.
echo "| what | ours | beside | ratio |"
echo "| --- | --- | --- | --- |"
cat >"$work/pull.sh" <<EOF
rm -rf "$work/layout"
while read -r name; do
    skopeo copy --quiet --src-tls-verify=false "docker://\$name" "oci:$work/layout:\$(echo "\$name" | tr '/:' '__')"
done <"$work/names"
EOF
cat >"$work/ours.sh" <<EOF
rm -rf "$work/cache-pull"
"$bundle" build "$work/gzip.yaml" --lock "$work/gzip.lock.json" --cache "$work/cache-pull" --pull-only --no-progress
EOF
ours=$(seconds bash "$work/ours.sh")
theirs=$(seconds bash "$work/pull.sh")
row "pull alone, s (wants ≤ 1.3)" "$ours" "skopeo copy to one layout: $theirs" "$(ratio "$ours" "$theirs")"

zstd -dc -q "$work"/plain-9/blobs/sha256/* >"$work/unique" 2>/dev/null || true
cat >"$work/ours.sh" <<EOF
rm -rf "$work/cache/v1/frames" "$work/cache/v1/layouts" "$work/out"
"$bundle" build "$work/plain.yaml" --output "$work/out" --key "$work/bench.key" --cache "$work/cache" --no-progress
EOF
ours=$(seconds bash "$work/ours.sh")
theirs=$(seconds zstd -q -f -9 -T"$jobs" "$work/unique" -o "$work/unique.zst")
row "build, nothing packed yet, s (wants ≤ 1.2)" "$ours" "zstd -9 -T$jobs of the unique bytes: $theirs" "$(ratio "$ours" "$theirs")"
row "build, peak memory, MiB (wants ≤ 512)" "$(memory bash "$work/ours.sh")" "" ""
for kind in gzip plain; do
    cat >"$work/ours.sh" <<EOF
rm -rf "$work/out"
"$bundle" build "$work/$kind.yaml" --output "$work/out" --key "$work/bench.key" --cache "$work/cache" --no-progress
EOF
    bash "$work/ours.sh" >/dev/null
    ours=$(seconds bash "$work/ours.sh")
    row "second build of the $kind images, everything cached, s (wants ≤ 0.5)" "$ours" "$(megabytes "$(size "$work/out")") MB written and synced" ""
done

blobs=$(inspect "$work/gzip" '.images[].manifests[].layers[].digest' | tr -d '"' | sort -u | sed "s|^sha256:|$work/cache/v1/blobs/|")
sha256_speed() { # what all cores do, in bytes a second
    openssl speed -seconds 2 -bytes 1048576 -multi "$jobs" -evp sha256 2>/dev/null |
        awk '/^(evp|sha256|SHA256)/ { sub(/k$/, "", $NF); speed = $NF * 1000 } END { printf "%.0f", speed }'
}
for kind in original gzip; do
    ours=$(seconds "$bundle" verify "$work/$kind" --trust "$work/bench.pub" --no-progress --quick)
    # shellcheck disable=SC2086
    theirs=$(seconds openssl dgst -sha256 $blobs)
    row "verify --quick of $kind, s (wants ≤ 1)" "$ours" "one SHA-256 pass over the gzip blobs: $theirs" "$(ratio "$ours" "$theirs")"
done
# What makes the blobs again, beside zlib at its default level on the same tars.
ours=$(seconds "$bundle" verify "$work/gzip" --trust "$work/bench.pub" --no-progress --jobs 1)
theirs=$(seconds bash -c "cat $work/tars/* | pigz -p1 -6 >/dev/null")
row "verify of the gzip images, which makes every blob again, one core, s" "$ours" "pigz -p1 -6 of the tars: $theirs" "$(ratio "$ours" "$theirs")"
cat >"$work/ours.sh" <<EOF
rm -rf "$work/cache/v1/frames" "$work/cache/v1/layouts" "$work/cache/v1/layers" "$work/out"
"$bundle" build "$work/gzip.yaml" --output "$work/out" --key "$work/bench.key" --cache "$work/cache" --no-progress
EOF
ours=$(seconds bash "$work/ours.sh")
theirs=$(seconds bash -c "cat $work/tars/* | pigz -p$jobs -6 >/dev/null")
row "build of the gzip images, nothing known of them, s" "$ours" "pigz -p$jobs -6 of the tars: $theirs" "$(ratio "$ours" "$theirs")"
# The start of the program shows in what takes a twentieth of a second; a bundle of 1 GB shows the speed.
mkdir -p "$work/big/blobs/sha256"
blob() { # FILE: puts it into the layout and prints its descriptor
    local digest
    digest=$(sha256sum <"$1" | cut -d ' ' -f 1)
    printf '"digest": "sha256:%s", "size": %s' "$digest" "$(size "$1")"
    mv "$1" "$work/big/blobs/sha256/$digest"
}
openssl enc -aes-128-ctr -pass pass:bench -nosalt -pbkdf2 </dev/zero 2>/dev/null | head -c 1000000000 >"$work/layer" || true
echo '{}' >"$work/config"
printf '{"schemaVersion": 2, "mediaType": "%s", "config": {"mediaType": "application/vnd.oci.empty.v1+json", %s}, "layers": [{"mediaType": "application/octet-stream", %s}]}' \
    application/vnd.oci.image.manifest.v1+json "$(blob "$work/config")" "$(blob "$work/layer")" >"$work/manifest"
printf '{"schemaVersion": 2, "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json", %s}]}' \
    "$(blob "$work/manifest")" >"$work/big/index.json"
echo '{"imageLayoutVersion": "1.0.0"}' >"$work/big/oci-layout"
printf 'product: big\nversion: 1\nimages:\n  - { image: "oci-layout:./big", as: ["local/big:1"] }\n' >"$work/big.yaml"
build big 1 "$work/gigabyte" "$work/cache"
rm -rf "$work/big" "$work/cache"
ours=$(seconds "$bundle" verify "$work/gigabyte" --trust "$work/bench.pub" --no-progress --quick)
speed=$(sha256_speed)
rate=$(awk -v n="$(size "$work/gigabyte")" -v s="$ours" 'BEGIN { printf "%.0f", n / s }')
row "verify --quick of 1 GB, MB/s (wants ≥ 0.8)" "$(megabytes "$rate")" "openssl speed sha256 on $jobs cores: $(megabytes "$speed")" "$(ratio "$rate" "$speed")"
rm -rf "$work/gigabyte"

cat "$work"/tars/* >"$work/streams"
ours=$(seconds "$bundle" verify "$work/plain-9" --trust "$work/bench.pub" --no-progress --jobs 1)
jq -r '.packs[].digest' "$work/plain-9/manifest.json" | sed "s|^sha256:|$work/plain-9/blobs/sha256/|" >"$work/packs"
unzstd=$(seconds bash -c "xargs cat <$work/packs | zstd -dcq >/dev/null")
hash=$(seconds openssl dgst -sha256 "$work/streams")
stored=$(seconds bash -c "openssl dgst -sha256 $work/plain-9/blobs/sha256/*")
sum=$(awk -v a="$unzstd" -v b="$hash" -v c="$stored" 'BEGIN { printf "%.2f", a + b + c }')
row "verify, one core, s (wants ≤ 1.3)" "$ours" "zstd -d $unzstd + SHA-256 of the streams $hash + of the packs $stored" "$(ratio "$ours" "$sum")"
row "verify, all cores, s" "$(seconds "$bundle" verify "$work/plain-9" --trust "$work/bench.pub" --no-progress)" "" ""
row "verify, peak memory, MiB" "$(memory "$bundle" verify "$work/plain-9" --trust "$work/bench.pub" --no-progress)" "" ""
