#!/bin/sh
# Makes a profile for 'bundle iso --inject': a squashfs with loader, units, configuration and keys, which live-boot lays over
# the live system's own. Needs mksquashfs; the same input gives the same bytes.
set -eu
umask 022
case ${1:-} in
'' | -*)
    echo 'usage: make-profile.sh DIRECTORY [OPTIONS OF install.sh], as: site-profile --binary bundle-firstboot --key release.pub --env site.env' >&2
    exit 64
    ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
# Its name comes after that of filesystem.squashfs: what comes later lies on top.
module=$1/medium/live/zz-bundle-firstboot.squashfs
shift
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
# Its root becomes that of the live system.
chmod 0755 "$stage"

"$here/../../install.sh" "$@" --root "$stage"
mkdir -p "$stage/etc/systemd/system/docker.service.d" "$(dirname "$module")"
cp "$here/module/var-lib-docker.mount" "$stage/etc/systemd/system/"
cp "$here/module/docker.conf" "$stage/etc/systemd/system/docker.service.d/live.conf"
rm -f "$module"
# It takes no times beside those of the environment.
unset SOURCE_DATE_EPOCH
mksquashfs "$stage" "$module" -quiet -no-progress -all-root -no-xattrs -mkfs-time 0 -all-time 0
