#!/bin/bash
# Sourced by scripts that need a registry and a docker daemon of their own: $run is a directory for their sockets and logs,
# and at the script's end every process started here ends by its id, mounts go, and so do the directories of `leftovers`.
# shellcheck disable=SC2034 # registry is for the scripts

run=$(mktemp -d "/tmp/$(basename "$0" .sh)-XXXXXX") # short, because unix sockets live here
leftovers=("$run")
processes=()

die() {
    echo "$(basename "$0" .sh): $*" >&2
    exit 1
}

unmount_below() { # DIRECTORY
    local point
    awk -v below="$1/" 'index($2, below) == 1 { print $2 }' /proc/self/mounts | tac |
        while read -r point; do umount --lazy "$point" || true; done
}

stop_services() {
    local process directory
    for process in "${processes[@]}"; do kill "$process" 2>/dev/null || true; done
    for process in "${processes[@]}"; do wait "$process" 2>/dev/null || true; done
    processes=()
    for directory in "${leftovers[@]}"; do unmount_below "$directory"; done
}

stop_last() { # of what was started
    kill "${processes[-1]}"
    wait "${processes[-1]}" || true
    unset 'processes[-1]'
}

end() {
    local status=$?
    trap - EXIT INT TERM
    stop_services
    # What commands said that run quietly.
    [ "$status" = 0 ] || [ ! -f "$run/errors.log" ] || cat "$run/errors.log" >&2
    rm -rf "${leftovers[@]}"
    exit "$status"
}
trap end EXIT
trap 'exit 130' INT TERM

wait_for() { # WHAT COMMAND…: until it succeeds, for a minute
    local what=$1
    shift
    for _ in $(seq 600); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.1
    done
    tail -n 20 "$run"/*.log >&2
    die "$what did not start within a minute"
}

serve_registry() { # DIRECTORY, where it stores; sets $registry to its host:port
    cat >"$run/registry.yml" <<END
version: 0.1
log: { level: info, accesslog: { disabled: true } }
storage: { filesystem: { rootdirectory: $1 } }
http: { addr: 127.0.0.1:0, secret: local }
END
    : >"$run/registry.log" # not the port of one before
    docker-registry serve "$run/registry.yml" >"$run/registry.log" 2>&1 &
    processes+=($!)
    # The registry takes a free port itself and says which.
    wait_for "the registry" grep -q 'listening on 127.0.0.1:[0-9]*"' "$run/registry.log"
    registry=$(sed -n 's/.*listening on \(127\.0\.0\.1:[0-9]*\)".*/\1/p' "$run/registry.log" | head -n 1)
}

serve_docker() { # DIRECTORY, where it stores; `docker` then speaks to it, without the user's configuration
    mkdir -p "$run/config"
    echo '{}' >"$run/config/config.json" # podman wants the file, too
    export DOCKER_HOST=unix://$run/d.sock DOCKER_CONFIG=$run/config DOCKER_BUILDKIT=0
    dockerd --data-root "$1" --exec-root "$run/exec" -H "$DOCKER_HOST" --pidfile "$run/d.pid" \
        --bridge=none --iptables=false >"$run/dockerd.log" 2>&1 &
    dockerd=$!
    processes+=("$dockerd")
    wait_for "dockerd" docker version
}

stop_docker() { # and forget what it stores in DIRECTORY
    kill "$dockerd"
    wait "$dockerd" || true
    unmount_below "$1"
    rm -rf "$1"
}
