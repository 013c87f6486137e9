#!/bin/sh
# Installs the loader, its units, a configuration and trusted keys, into this system or beneath a root directory.
# Running it again changes only what differs; configuration, policy and keys that are there are never replaced.
set -eu
umask 022

usage() {
    cat <<'TEXT'
usage: install.sh [--root DIR] [--binary FILE] [--env FILE] [--policy FILE] [--key PUB]...
  --root DIR     install beneath this directory, as for an image of a system; default /
  --binary FILE  the loader; default bundle-firstboot beside this script, or in dist/ of the source
  --env FILE     the configuration; default the template beside this script, which loads nothing
  --policy FILE  the policy; default the template beside this script, which asks for one signature
  --key PUB      a trusted public key in PEM, named *.pub; repeatable
TEXT
}
fail() {
    echo "install.sh: $2" >&2
    exit "$1"
}

here=$(cd "$(dirname "$0")" && pwd)
root='' binary='' env=$here/firstboot.env policy=$here/policy keys=0
list=$(mktemp)
trap 'rm -f "$list"' EXIT
while [ $# -gt 0 ]; do
    case $1 in
    --help)
        usage
        exit 0
        ;;
    --root | --binary | --env | --policy | --key)
        [ $# -gt 1 ] && [ -n "$2" ] || fail 64 "$1 needs a value; --help shows how"
        ;;
    *) fail 64 "'$1' is not known; --help shows what is" ;;
    esac
    case $1 in
    --root) root=${2%/} ;;
    --binary) binary=$2 ;;
    --env) env=$2 ;;
    --policy) policy=$2 ;;
    --key)
        printf '%s\n' "$2" >>"$list"
        keys=$((keys + 1))
        ;;
    esac
    shift 2
done

# Everything is checked before anything is written.
if [ -z "$binary" ]; then
    binary=$here/bundle-firstboot
    [ -f "$binary" ] || binary=$here/../dist/bundle-firstboot
fi
[ -f "$binary" ] || fail 1 "there is no loader at $binary; name it with --binary"
[ -z "$root" ] || [ -d "$root" ] || fail 1 "there is no directory $root"
[ -f "$env" ] || fail 1 "there is no configuration at $env"
[ -f "$policy" ] || fail 1 "there is no policy at $policy"
while read -r key; do
    case $key in *.pub) ;; *) fail 64 "the key $key is not named *.pub" ;; esac
    [ -f "$key" ] || fail 1 "there is no key at $key"
    grep -q '^-----BEGIN PUBLIC KEY-----$' "$key" || fail 1 "$key is no public key in PEM"
    if grep -q 'PRIVATE KEY' "$key"; then fail 1 "$key holds a private key, which must not leave the signer"; fi
    installed=$root/etc/bundle/trust.d/$(basename "$key")
    if [ -e "$installed" ] && ! cmp -s "$key" "$installed"; then
        fail 1 "$installed is another key than $key; remove it first, or name the new one otherwise"
    fi
done <"$list"

# place MODE FILE PATH: puts a file in its place in one step, unless the same is there already
place() {
    target=$root$3
    if cmp -s "$2" "$target"; then
        chmod "$1" "$target"
        echo "unchanged  $target"
        return
    fi
    mkdir -p "$(dirname "$target")"
    cp "$2" "$target.new"
    chmod "$1" "$target.new"
    mv -f "$target.new" "$target"
    echo "installed  $target"
}
# keep MODE FILE PATH: the same, but what is there stays
keep() {
    if [ -e "$root$3" ] && ! cmp -s "$2" "$root$3"; then
        case $2 in
        "$here"/*) echo "kept       $root$3" ;;
        *) echo "kept       $root$3, which differs from $2; remove it to get that" ;;
        esac
    else
        place "$@"
    fi
}

place 0755 "$binary" /usr/local/bin/bundle-firstboot
for unit in bundle-firstboot.service bundle-image@.service bundle-image@.target; do
    place 0644 "$here/$unit" "/etc/systemd/system/$unit"
done
keep 0644 "$env" /etc/bundle/firstboot.env
keep 0644 "$policy" /etc/bundle/trust.d/policy
chmod go-w "$root/etc/bundle/trust.d"
while read -r key; do
    place 0644 "$key" "/etc/bundle/trust.d/$(basename "$key")"
done <"$list"

# What 'systemctl enable' does; a host that makes images of systems may have none.
wants=$root/etc/systemd/system/multi-user.target.wants
mkdir -p "$wants"
ln -sfn /etc/systemd/system/bundle-firstboot.service "$wants/bundle-firstboot.service"
echo "enabled    bundle-firstboot.service"
if [ -z "$root" ] && [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
if [ "$(id -u)" != 0 ]; then
    echo "install.sh: you are not root: what was installed must belong to root on the target, or the loader trusts no key there" >&2
fi
if [ "$keys" = 0 ] && ! ls "$root"/etc/bundle/trust.d/*.pub >/dev/null 2>&1; then
    echo "install.sh: no key is trusted yet, so every bundle will be refused; install one with --key" >&2
fi
