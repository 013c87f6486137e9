#!/bin/sh
# Installs loader, units, configuration and keys from a mounted medium into a system that an installer has just made.
# Runs in every installer's environment, also in busybox; what it calls in the target is the target's own.
set -eu
umask 022

fail() {
    echo "install-target.sh: $2" >&2
    exit "$1"
}
[ $# = 2 ] || fail 64 "usage: install-target.sh MEDIUM TARGET, as /cdrom /target"
medium=${1%/} target=${2%/}
from=$medium/bundle-firstboot
[ -n "$target" ] && [ -d "$target/etc" ] || fail 1 "there is no installed system at '$2'"
for file in bundle-firstboot install.sh firstboot.env policy; do
    [ -f "$from/$file" ] || fail 1 "there is no $from/$file; was the medium made with 'bundle iso --inject'?"
done

# The installed system runs install.sh itself, since few installers have what it needs.
work=/var/tmp/bundle-firstboot
trap 'rm -rf "$target$work"' EXIT
rm -rf "$target$work"
mkdir -p "$target$work"
cp -R "$from/." "$target$work/"
keys=''
for key in "$from"/*.pub; do
    [ -f "$key" ] || fail 1 "there is no key (*.pub) in $from, so that every bundle would be refused"
    name=${key##*/}
    # Names with spaces would fall apart below.
    case $name in *[!A-Za-z0-9._-]*) fail 1 "the name of the key $name has other characters than letters, digits, '.', '_' and '-'" ;; esac
    keys="$keys --key $work/$name"
done
# shellcheck disable=SC2086 # one word for each key
chroot "$target" sh "$work/install.sh" $keys

# A bundle that is to lie on the disk is copied from the medium, by its own name first, so that half of one is never loaded.
path=$(sed -n 's/^BUNDLE_PATH=["'\'']\{0,1\}\(\/[^"'\'']*\)["'\'']\{0,1\}$/\1/p' "$target/etc/bundle/firstboot.env")
if [ -n "$path" ] && [ ! -e "$target$path" ]; then
    [ -f "$medium/bundle/STATEMENT" ] || fail 1 "there is no bundle at $medium/bundle"
    echo "copying    $medium/bundle to $target$path"
    rm -rf "$target$path.partial"
    mkdir -p "$target$path.partial"
    cp -R "$medium/bundle/." "$target$path.partial/"
    sync
    mv "$target$path.partial" "$target$path"
fi

# Where SELinux decides, files that an installer wrote have the labels of the installer.
if [ -x "$target/usr/sbin/restorecon" ]; then
    chroot "$target" restorecon -R /usr/local/bin/bundle-firstboot /etc/bundle /etc/systemd/system ${path:+"$path"} || true
fi
