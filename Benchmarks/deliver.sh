#!/bin/bash
# Measures the other ways in, each beside the tool that does it today, in the same run: `bundle push` beside `skopeo copy`,
# `bundle serve` beside nginx, and loading into containerd and podman beside their own import of a plain archive.
#
#   Benchmarks/deliver.sh        the small corpus      FULL=1: the large one      RUNS=3      PARTS="push serve engines"
#
# Each push gets a registry, and each load an engine, that has nothing yet. Times are medians of RUNS.
set -euo pipefail
cd "$(dirname "$0")/.."
. Benchmarks/measure.sh

for kind in gzip original; do build "$kind" 9 "$work/$kind" "$work/cache"; done
names_of "$work/gzip"
bytes=$(inspect "$work/original" .sizes.blobs)
echo "## Delivering: $(basename "$corpus"), $(wc -l <"$work/names") images, $(megabytes "$bytes") MB of blobs; $jobs cores"
echo
echo "| what | ours, s | beside, s | ratio |"
echo "| --- | --- | --- | --- |"

push() { "$bundle" push "$work/$1" --trust "$work/bench.pub" --to "$registry" --no-progress; }
bench_push() { # a registry that is empty each time
    local registry form
    make_layout
    for _ in $(seq "$runs"); do
        for form in "push_layout" "push original" "push gzip"; do
            rm -rf "$work/pushed"
            serve_registry "$work/pushed"
            # shellcheck disable=SC2086
            timed "${form// /-}" $form
            [ "$form" != "push gzip" ] || timed again push gzip
            stop_last
        done
    done
    beside "push, blobs as they are (wants ≤ 1.2)" "$(time_of push-original)" "skopeo copy" "$(time_of push_layout)"
    beside "push, gzip blobs made again" "$(time_of push-gzip)" "skopeo copy" "$(time_of push_layout)"
    row "push again (wants < 1)" "$(time_of again)" "" ""
}

start_serving() { # sets $served to its host:port
    : >"$run/serve.log"
    "$bundle" serve "$work/$1" --trust "$work/bench.pub" --listen 127.0.0.1:0 >"$run/serve.log" 2>>"$run/errors.log" &
    processes+=($!)
    wait_for "bundle serve" grep -q 'serving' "$run/serve.log"
    served=$(sed -n 's|.*http://||p' "$run/serve.log")
}
start_nginx() {
    nginx=127.0.0.1:$((20000 + RANDOM % 12000)) # nginx takes no port by itself
    cat >"$run/nginx.conf" <<END
daemon off; worker_processes $jobs; pid $run/nginx.pid; error_log $run/nginx.log;
events {}
http { access_log off; sendfile on; server { listen $nginx; root $work/www; } }
END
    nginx -c "$run/nginx.conf" 2>>"$run/errors.log" &
    processes+=($!)
    chmod 755 "$work" "$work/www" "$work/cache" "$work/cache/v1" "$work/cache/v1/blobs" # for the user of its workers
    wait_for nginx curl --silent "http://$nginx/"
}
fetch() { # ADDRESSES: each of a file's addresses, four at a time, thrown away
    sed 's/.*/url = "&"\noutput = "\/dev\/null"/' "$1" >"$work/fetch.cfg"
    curl --silent --show-error --fail --parallel --parallel-max 4 --config "$work/fetch.cfg"
}
forget() { # what the page cache holds of files
    sync
    echo 1 >/proc/sys/vm/drop_caches
}
bench_serve() { # all blobs of the bundle, four at a time
    mkdir "$work/www"
    # shellcheck disable=SC2016 # the names are jq's
    while read -r digest repository; do
        ln "$work/cache/v1/blobs/${digest#sha256:}" "$work/www/${digest#sha256:}"
        echo "$digest $repository"
    done < <(inspect "$work/original" '.images[] | .reference as $r | .manifests[].layers[] | "\(.digest) \($r | sub("^[^/]*/"; "") | sub("[:@].*"; ""))"' |
        tr -d '"' | sort -u -k 1,1) >"$work/blobs"
    start_nginx
    sed "s|^sha256:\([^ ]*\) .*|http://$nginx/\1|" "$work/blobs" >"$work/of-nginx"
    for kind in original gzip; do
        start_serving "$kind"
        sed "s|^\([^ ]*\) \(.*\)|http://$served/v2/\2/blobs/\1|" "$work/blobs" >"$work/of-serve"
        for _ in $(seq "$runs"); do
            for cache in disk cache; do
                [ "$cache" = cache ] || forget
                timed "nginx-$cache-$kind" fetch "$work/of-nginx"
                [ "$cache" = cache ] || forget
                timed "serve-$cache-$kind" fetch "$work/of-serve"
            done
        done
        stop_last
    done
    rate "serve from disk, blobs as they are (wants a rate ≥ 0.8)" "$(time_of serve-disk-original)" "nginx" "$(time_of nginx-disk-original)"
    rate "serve from the page cache, blobs as they are" "$(time_of serve-cache-original)" "nginx" "$(time_of nginx-cache-original)"
    rate "serve from disk, gzip blobs made again" "$(time_of serve-disk-gzip)" "nginx" "$(time_of nginx-disk-gzip)"
}

serve_containerd() {
    rm -rf "$work/c" "$work/state"
    mkdir "$work/c"
    cat >"$run/containerd.toml" <<END
version = 2
root = "$work/c/root"
state = "$work/c/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "$run/c.sock"
[ttrpc]
address = "$run/t.sock"
END
    containerd --config "$run/containerd.toml" --log-level warn >"$run/containerd.log" 2>&1 &
    processes+=($!)
    wait_for containerd ctr -a "$run/c.sock" version
    sync
}
serve_podman() {
    rm -rf "$work/p" "$work/state"
    podman=(podman --root "$work/p/root" --runroot "$work/p/run" --tmpdir "$work/p/tmp" --cgroup-manager=cgroupfs --events-backend=none)
    "${podman[@]}" system service --time=0 "unix://$run/p.sock" >"$run/podman.log" 2>&1 &
    processes+=($!)
    wait_for podman test -S "$run/p.sock"
    sync
}
load() { # TARGET SOCKET BUNDLE
    "$bundle" load "$work/$3" --trust "$work/bench.pub" --target "$1" --host "$2" --state "$work/state" --no-progress
}
import() { # ENGINE DIRECTORY COMMAND…: the engine's own way, which syncs nothing, and the same with a sync as ours has
    local engine=$1 directory=$2 began=$EPOCHREALTIME
    shift 2
    timed "$engine" "$@"
    sync --file-system "$directory"
    elapsed "$began" >>"$work/time-$engine-synced"
}
bench_engines() { # that have nothing each time
    serve_docker "$work/docker"
    xargs -n 1 docker pull --quiet <"$work/names" >/dev/null
    xargs docker save <"$work/names" >"$work/all.tar"
    stop_docker "$work/docker"
    cat "$work/all.tar" "$work"/gzip/blobs/sha256/* "$work"/original/blobs/sha256/* >/dev/null # into the page cache
    for _ in $(seq "$runs"); do
        for form in import gzip original; do
            serve_containerd
            case $form in
            import) import ctr "$work/c" ctr -a "$run/c.sock" -n k8s.io images import "$work/all.tar" ;;
            *) timed "containerd-$form" load containerd "$run/c.sock" "$form" ;;
            esac
            stop_last
        done
    done
    for _ in $(seq "$runs"); do
        for form in import gzip; do
            serve_podman
            case $form in
            import) import podman "$work/p" "${podman[@]}" load --quiet --input "$work/all.tar" ;;
            *) timed "podman-$form" load podman "$run/p.sock" "$form" ;;
            esac
            stop_last
            rm -f "$run/p.sock"
            unmount_below "$work/p"
            rm -rf "$work/p"
        done
    done
    for form in containerd-original:ctr containerd-gzip:ctr podman-gzip:podman; do
        kind=${form%%:*} engine=${form#*:}
        beside "$kind (wants ≤ 1.2)" "$(time_of "$kind")" "$engine's own import of a plain archive" "$(time_of "$engine")"
        beside "the same" "$(time_of "$kind")" "the import, and a sync" "$(time_of "$engine-synced")"
    done
}

for part in ${PARTS:-push serve engines}; do "bench_$part"; done
