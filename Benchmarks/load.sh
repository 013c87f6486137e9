#!/bin/bash
# Measures loading: into docker beside `docker load`, into a registry's directory beside `skopeo copy`, in the same run.
#
#   Benchmarks/load.sh           the small corpus      FULL=1: the large one      RUNS=3
#
# Each load gets a daemon of its own that has nothing yet; the forms take turns. Times are medians of RUNS.
set -euo pipefail
cd "$(dirname "$0")/.."
. Benchmarks/measure.sh
data=$work/docker

for kind in gzip original; do build "$kind" 9 "$work/$kind" "$work/cache"; done
names_of "$work/gzip"

# --- What peers load: one tar of all images, the same compressed, and a tar for each image.
serve_docker "$data"
xargs -n 1 docker pull --quiet <"$work/names" >/dev/null
xargs docker save <"$work/names" >"$work/all.tar"
zstd -q -T0 "$work/all.tar" -o "$work/all.tar.zst"
mkdir "$work/each"
while read -r name; do
    docker save "$name" | gzip -1 >"$work/each/$(tr '/:' '__' <<<"$name").tar.gz"
done <"$work/names"
version=$(docker version --format '{{.Server.Version}}')
stop_docker "$data"

mkdir "$work/trust"
cp "$work/bench.pub" "$work/trust"
cat >"$work/firstboot.env" <<END
LOAD_IMAGE=true
BUNDLE_PATH=$work/gzip
TARGET_PATH=$run/d.sock
TRUST_DIR=$work/trust
STATE_DIR=$work/state
READY_DIR=$work/ready
END
load_plain() { docker load --quiet <"$work/all.tar"; }
load_zstd() { zstd -dcq "$work/all.tar.zst" | docker load --quiet; }
load_each() { for tar in "$work"/each/*; do docker load --quiet <"$tar"; done; }
firstboot=("$PWD/dist/bundle-firstboot" --config "$work/firstboot.env")
load_bundle() { "${firstboot[@]}"; }
fresh_docker() {
    rm -rf "$work/state" "$work/ready"
    mkdir -m 700 "$work/state" "$work/ready"
    serve_docker "$data"
    sync
}

cat "$work"/all.* "$work"/each/* "$work"/gzip/blobs/sha256/* >/dev/null # into the page cache
for _ in $(seq "$runs"); do
    for form in bundle plain zstd each; do
        fresh_docker
        began=$EPOCHREALTIME
        "load_$form" >/dev/null 2>>"$run/errors.log"
        elapsed "$began" >>"$work/time-$form"
        sync --file-system "$data"
        elapsed "$began" >>"$work/time-$form-synced"
        stop_docker "$data"
    done
done

# --- Once more, watched: what the loader reads and takes of memory, and what the daemon keeps for a while.
fresh_docker
while sleep 0.02; do
    room=$(du -s --bytes "$data/tmp" 2>/dev/null | cut -f 1)
    [ "${room:-0}" -le "$(cat "$work/room" 2>/dev/null || echo 0)" ] || echo "$room" >"$work/room"
done &
watcher=$!
count_read() { # sets $counted to the bytes that this shell and its ended children have read
    local key value
    while read -r key value; do [ "$key" != rchar: ] || counted=$value; done <"/proc/$BASHPID/io"
}
count_read
before=$counted
memory "${firstboot[@]}" >"$work/memory" 2>>"$run/errors.log"
count_read
bytes_read=$((counted - before))
kill "$watcher"
wait "$watcher" || true
nothing=$(seconds "${firstboot[@]}" 2>>"$run/errors.log")

# One image goes, with the layers that no other image holds.
name=$(tail -n 1 "$work/names")
docker rmi "$name" >/dev/null
load_bundle 2>>"$run/errors.log"
receipt() { tail -n 1 "$work/state/receipts.jsonl" | jq "$1"; }
partial_sent=$(receipt .sent)
partial_layers=$(receipt '[.images[].layers.sent] | add')
partial_tars=$(inspect "$work/gzip" ".images[] | select(.reference == \"$name\") | .manifests[0].layers[-$partial_layers:][].digest" |
    tr -d '"' | while read -r digest; do gzip -dc "$work/cache/v1/blobs/${digest#sha256:}"; done | wc -c)
stop_docker "$data"

# --- Every file that the loader opens to write, or makes.
fresh_docker
strace --follow-forks --seccomp-bpf --quiet=all --trace=open,openat,openat2,creat,mkdir,mkdirat,mknod,mknodat \
    --output="$work/trace" --decode-fds=path "${firstboot[@]}" 2>>"$run/errors.log"
stop_docker "$data"
elsewhere=$(grep -E 'O_CREAT|O_WRONLY|O_RDWR|O_TMPFILE|creat\(|mkdir|mknod' "$work/trace" | grep -v -c -F -e "$work/state" -e "$work/ready" || true)

# --- A registry's directory.
make_layout
cat >"$work/seed.sh" <<END
rm -rf "$work/registry" "$work/seeded"
mkdir "$work/registry"
"$bundle" load "$work/\$1" --trust "$work/bench.pub" --target registry-dir --path "$work/registry" --state "$work/seeded" --no-progress
END
seed_gzip=$(seconds bash "$work/seed.sh" gzip 2>>"$run/errors.log")
seed_memory=$(memory bash "$work/seed.sh" gzip 2>>"$run/errors.log")
seed_original=$(seconds bash "$work/seed.sh" original 2>>"$run/errors.log")
for i in $(seq "$runs"); do
    rm -rf "$work/pushed"
    serve_registry "$work/pushed"
    timed skopeo push_layout
    stop_last
done

echo "## Loading: $(basename "$corpus"), $(wc -l <"$work/names") images, bundle $(megabytes "$(size "$work/gzip")") MB, one tar $(megabytes "$(size "$work/all.tar")") MB; docker $version; $jobs cores"
echo
echo "| what | ours | beside | ratio |"
echo "| --- | --- | --- | --- |"
ours=$(time_of bundle)
beside "into a fresh docker, durable, s (wants ≤ 1.15)" "$ours" "docker load of one plain tar" "$(time_of plain)"
beside "the same, beside a load that is synced" "$ours" "docker load, sync" "$(time_of plain-synced)"
beside "the same (wants < 1)" "$ours" "zstd -dc \\| docker load" "$(time_of zstd)"
beside "the same (wants < 1)" "$ours" "docker load of a tar.gz for each image" "$(time_of each)"
row "peak memory of the loader, MiB (wants ≤ 128)" "$(cat "$work/memory")" "" ""
largest=$(for tar in "$work"/each/*; do gzip -dc "$tar" | wc -c; done | sort -n | tail -n 1)
beside "room that docker takes in its tmp, bytes (wants ≤ 1)" "$(cat "$work/room")" "tar of the largest image" "$largest"
row "files that the loader makes or writes beside its state (wants 0)" "$elsewhere" "" ""
beside "bytes read for a full load (wants ≤ 1.3)" "$bytes_read" "the bundle" "$(size "$work/gzip")"
beside "bytes sent for $partial_layers layers on present images (wants ≤ 1.01)" "$partial_sent" "their tars" "$partial_tars"
row "nothing to do, s (wants < 0.2)" "$nothing" "" ""
beside "into a registry's directory, gzip blobs made again, s" "$seed_gzip" "skopeo copy to a registry" "$(time_of skopeo)"
beside "the same of blobs as they are (store: original), s" "$seed_original" "skopeo copy to a registry" "$(time_of skopeo)"
row "the same, peak memory of making them again, MiB" "$seed_memory" "" ""
