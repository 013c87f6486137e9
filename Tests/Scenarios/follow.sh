#!/bin/bash
# Follows pages of docs/scenarios command by command: each block of sh is run as it stands, by a shell that stops at what
# fails, in a directory that holds what the page says is there. follow.sh [PAGE]…, all by default; needs root for engines.
# BUNDLE and LOADER name other programs than those in dist.
set -euo pipefail
cd "$(dirname "$0")/../.."
export LC_ALL=C
bundle=$(realpath "${BUNDLE:-dist/bundle}")
loader=$(realpath "${LOADER:-dist/bundle-firstboot}")
firstboot=$PWD/firstboot
pages=$PWD/docs/scenarios
audit=$PWD/docs/audit.sh
. Benchmarks/services.sh
[ "$(id -u)" = 0 ] || die "docker's daemon needs root; run it with sudo"
for file in "$bundle" "$loader"; do [ -x "$file" ] || die "there is no $file; run 'make build'"; done
[ $# -gt 0 ] || set -- auditor k3s-node oem-disc site-registry usb-stick

# Where pages load as root; what was there before stays.
[ -e /var/lib/bundle ] || leftovers+=(/var/lib/bundle)
serve_registry "$run/registry"
export REGISTRY=$registry SKOPEO_OPTIONS=--tls-verify=false
serve_docker "$run/docker"
# The pages call it by its name.
mkdir "$run/bin" "$run/context"
ln -s "$bundle" "$run/bin/bundle"
export PATH=$run/bin:$PATH XDG_CACHE_HOME=$run/cache XDG_STATE_HOME=$run/state

images() { # pushes acme/base:1 and, on it, acme/tools:1, which runs
    cp "$(command -v busybox)" "$run/context/"
    printf 'FROM scratch\nCOPY busybox /bin/\nENTRYPOINT ["/bin/busybox"]\n' >"$run/context/base"
    printf 'FROM %s/acme/base:1\nCOPY base /etc/\nCMD ["echo", "tools run"]\n' "$REGISTRY" >"$run/context/tools"
    local name
    for name in base tools; do
        docker build --quiet --tag "$REGISTRY/acme/$name:1" --file "$run/context/$name" "$run/context" >>"$run/errors.log" 2>&1
        docker push --quiet "$REGISTRY/acme/$name:1" >/dev/null
    done
    docker image rm "$REGISTRY/acme/tools:1" "$REGISTRY/acme/base:1" >/dev/null
}

released() { # a bundle as a vendor makes it, in the working directory
    printf 'product: edge\nchannel: stable\nversion: 1\nimages:\n' >edge.yaml
    printf '  - image: %s\n' "$REGISTRY/acme/base:1" "$REGISTRY/acme/tools:1" >>edge.yaml
    {
        bundle keygen --output .
        bundle lock edge.yaml
        bundle build edge.yaml --output bundle --key release.key
    } >>"$run/errors.log" 2>&1
}

# What a page says is there.
prepare_auditor() {
    released
    cp "$audit" audit.sh
    mkdir storage
    bundle load bundle --trust release.pub --target registry-dir --path "$PWD/storage" --state "$PWD/target" >>"$run/errors.log" 2>&1
    cp target/receipts.jsonl .
    export MEDIUM=$PWD/bundle
}
prepare_oem_disc() {
    # The menu of a disc that boots, which says what it sees; there is no installer behind it.
    mkdir -p partner/boot/grub
    cat >partner/boot/grub/grub.cfg <<'END'
serial --unit=0
terminal_output serial
if [ -f /bundle/STATEMENT -a -f /bundle-firstboot/preseed.cfg ]; then echo "the disc boots"; fi
halt
menuentry Install {
    linux /install.amd/vmlinuz vga=788 --- quiet
}
END
    grub-mkrescue --output=partner.iso partner -- -volid PARTNER_1 >>"$run/errors.log" 2>&1
    cp "$audit" audit.sh
    # A machine that does not end by itself is ended.
    local qemu
    qemu=$(command -v qemu-system-x86_64) || die "there is no qemu-system-x86_64; run 'make deps'"
    cat >"$run/bin/qemu-system-x86_64" <<END
#!/bin/sh
exec timeout 600 $qemu "\$@"
END
    chmod +x "$run/bin/qemu-system-x86_64"
    export BASE_ISO=$PWD/partner.iso FIRSTBOOT=$firstboot LOADER=$loader
    export QEMU_OPTIONS='-display none -nic none -serial file:console.log'
}
confirm_oem_disc() { grep -a 'the disc boots' console.log || die "the disc does not boot: $(cat console.log)"; }

prepare_site_registry() {
    local run=$PWD/site
    mkdir "$run" stick
    serve_registry "$run/storage"
    export SITE_REGISTRY=$registry STICK=$PWD/stick
    # Any port that nobody listens at.
    PORT=5055
    while (: <"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; do PORT=$((PORT + 1)); done
    export PORT
}

prepare_k3s_node() {
    released
    mkdir stick node
    mv bundle stick/
    export STICK=$PWD/stick NODE=$PWD/node SITE_REGISTRY=$REGISTRY SOCKET=/run/k3s/containerd/containerd.sock
    # At its usual place, unless a k3s of this machine is there.
    if [ -e /run/k3s ]; then SOCKET=$run/k3s.sock; else leftovers+=(/run/k3s); fi
    cat >containerd.toml <<END
version = 2
root = "$PWD/containerd"
state = "$run/k3s"
[grpc]
address = "$SOCKET"
[ttrpc]
address = "$run/k3s-ttrpc.sock"
END
    containerd --config containerd.toml --log-level warn >"$run/containerd.log" 2>&1 &
    processes+=($!)
    wait_for containerd ctr -a "$SOCKET" version
}

prepare_usb_stick() {
    released
    rm -r bundle
    docker image rm --force "$REGISTRY/acme/tools:1" "$REGISTRY/acme/base:1" >/dev/null 2>&1 || true
    truncate --size 64M stick.img
    mkfs.ext4 -q -L EDGE_STICK stick.img
    export STICK=$PWD/stick DEVICE DOCKER_SOCKET=${DOCKER_HOST#unix://}
    # Not by 'mount -o loop', which the page's own mount would not find again.
    DEVICE=$(losetup --find --show stick.img)
    # It goes with the last who has it open, which is this script.
    # shellcheck disable=SC2034
    exec {device}<"$DEVICE"
    losetup --detach "$DEVICE"
    mkdir "$STICK"
    mount "$DEVICE" "$STICK"
}

follow() { # PAGE
    local number=0 line block
    unset block
    while IFS= read -r line; do
        case $line in
        '```sh') block='' ;;
        '```')
            [ -n "${block:-}" ] || continue
            number=$((number + 1))
            echo "-- $1, block $number"
            printf '%s' "$block" | sed 's/^/   $ /'
            sh -euc "$block" </dev/null 2>&1 | sed 's/^/     /' || die "block $number of $1 failed"
            unset block
            ;;
        *) [ -z "${block+set}" ] || block+=$line$'\n' ;;
        esac
    done <"$pages/$1.md"
    [ "$number" -gt 0 ] || die "$1 has no commands"
}

images
for page; do
    [ -f "$pages/$page.md" ] || die "there is no page $page"
    echo "== $page"
    mkdir "$run/$page"
    cd "$run/$page"
    "prepare_${page//-/_}"
    follow "$page"
    if declare -F "confirm_${page//-/_}" >/dev/null; then "confirm_${page//-/_}"; fi
done
