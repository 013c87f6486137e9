#!/bin/sh
# Installs the site's registry: units, configuration, certificate and the line in /etc/hosts, into this system or beneath
# a root directory. Running it again changes only what differs; choices that are there are never replaced.
set -eu
umask 022

usage() {
    cat <<'TEXT'
usage: install.sh [--root DIR] [--env FILE] [--seed FILE] --cert FILE --key FILE
  --root DIR   install beneath this directory, as for an image of a system; default /
  --env FILE   the choices; default what is installed, else the template registry.env beside this script
  --seed FILE  what is put into the registry's directory; default likewise, registry-seed.env, which seeds nothing
  --cert FILE  the registry's certificate and its chain in PEM, for the name and address of the choices
  --key FILE   its key in PEM
TEXT
}
fail() {
    echo "install.sh: $2" >&2
    exit "$1"
}

here=$(cd "$(dirname "$0")" && pwd)
root='' env='' seed='' cert='' key=''
while [ $# -gt 0 ]; do
    case $1 in
    --help)
        usage
        exit 0
        ;;
    --root | --env | --seed | --cert | --key)
        [ $# -gt 1 ] && [ -n "$2" ] || fail 64 "$1 needs a value; --help shows how"
        ;;
    *) fail 64 "'$1' is not known; --help shows what is" ;;
    esac
    case $1 in
    --root) root=${2%/} ;;
    --env) env=$2 ;;
    --seed) seed=$2 ;;
    --cert) cert=$2 ;;
    --key) key=$2 ;;
    esac
    shift 2
done

# Everything is checked before anything is written.
[ -z "$root" ] || [ -d "$root" ] || fail 1 "there is no directory $root"
installed=$root/etc/bundle
[ -n "$cert" ] && [ -n "$key" ] || fail 64 "the certificate and its key are needed: --cert FILE --key FILE"
[ -f "$cert" ] || fail 1 "there is no certificate at $cert"
[ -f "$key" ] || fail 1 "there is no key at $key"
grep -q '^-----BEGIN CERTIFICATE-----' "$cert" || fail 1 "$cert is no certificate in PEM"
if grep -q 'PRIVATE KEY' "$cert"; then fail 1 "$cert holds a key, which belongs into --key alone"; fi
grep -q 'PRIVATE KEY-----' "$key" || fail 1 "$key is no key in PEM"
[ -z "$env" ] || [ -f "$env" ] || fail 1 "there are no choices at $env"
[ -z "$seed" ] || [ -f "$seed" ] || fail 1 "there is nothing to seed by at $seed"
choices=$installed/registry.env
[ -e "$choices" ] || choices=${env:-$here/registry.env}
# choice NAME: its value, which must be there and plain
choice() {
    value=$(sed -n "s/^$1=//p" "$choices" | tail -n 1)
    case $value in
    '' | *[!A-Za-z0-9._:/@-]*) fail 64 "$choices: $1 is '$value'; give a value of letters, digits and ._:/@-" ;;
    esac
    echo "$value"
}
address=$(choice REGISTRY_ADDRESS)
name=$(choice REGISTRY_NAME)
data=$(choice REGISTRY_DATA)
for each in REGISTRY_IMAGE REGISTRY_PORT REGISTRY_DELETE; do choice "$each" >/dev/null; done
case $data in /*) ;; *) fail 64 "$choices: REGISTRY_DATA is '$data', not an absolute path" ;; esac

plan=$installed/registry-seed.env
[ -e "$plan" ] || plan=${seed:-$here/registry-seed.env}
if grep -q '^LOAD_IMAGE=true' "$plan"; then
    grep -q "^TARGET_PATH=$data\$" "$plan" || fail 64 "$plan: TARGET_PATH is not REGISTRY_DATA, which is $data"
fi

# place MODE FILE PATH: puts a file in its place in one step, unless the same is there already
place() {
    target=$root$3
    if cmp -s "$2" "$target"; then
        chmod "$1" "$target"
        echo "unchanged  $target"
        return
    fi
    mkdir -p "$(dirname "$target")"
    # Never readable by others, not even for a moment.
    (umask 077 && cp "$2" "$target.new")
    chmod "$1" "$target.new"
    mv -f "$target.new" "$target"
    echo "installed  $target"
}
# keep MODE FILE PATH: the same, but what is there stays
keep() {
    if [ -e "$root$3" ] && ! cmp -s "$2" "$root$3"; then
        echo "kept       $root$3"
    else
        place "$@"
    fi
}

made=$(mktemp)
trap 'rm -f "$made"' EXIT
keep 0600 "${env:-$here/registry.env}" /etc/bundle/registry.env
keep 0644 "${seed:-$here/registry-seed.env}" /etc/bundle/registry-seed.env
place 0644 "$here/config.yml" /etc/bundle/registry/config.yml
place 0644 "$cert" /etc/bundle/registry/tls.crt
place 0600 "$key" /etc/bundle/registry/tls.key
for unit in bundle-registry bundle-registry-seed; do
    place 0644 "$here/$unit.service" "/etc/systemd/system/$unit.service"
    {
        printf '[Unit]\nRequiresMountsFor=%s\n' "$data"
        [ $unit = bundle-registry ] || printf '[Service]\nReadWritePaths=%s\n' "$data"
    } >"$made"
    place 0644 "$made" "/etc/systemd/system/$unit.service.d/data.conf"
done
[ -d "$root$data" ] || {
    mkdir -p "$root$data"
    echo "made       $root$data"
}

# One line of ours in /etc/hosts; an address of a whole network is no one's.
mark='# bundle-registry'
hosts=$root/etc/hosts
{
    [ ! -f "$hosts" ] || grep -v " $mark\$" "$hosts" || true
    case $address in 0.0.0.0 | ::) ;; *) echo "$address $name $mark" ;; esac
} >"$made"
if cmp -s "$made" "$hosts"; then
    echo "unchanged  $hosts"
else
    # In place: /etc/hosts is often a mount of its own.
    cat "$made" >"$hosts"
    echo "installed  $hosts"
fi

# What 'systemctl enable' does; a host that makes images of systems may have none.
wants=$root/etc/systemd/system/multi-user.target.wants
mkdir -p "$wants"
for unit in bundle-registry-seed.service bundle-registry.service; do
    ln -sfn "/etc/systemd/system/$unit" "$wants/$unit"
done
echo "enabled    bundle-registry-seed.service bundle-registry.service"
if [ -z "$root" ] && [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
