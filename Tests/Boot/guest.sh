#!/bin/bash
# Makes a guest once, and writes the path of its root: a Debian with systemd and docker, made of packages; guest.sh live also
# has what a live system boots by. It stays in the cache of this user, by the digest of this script, so that a change here makes
# it anew.
set -euo pipefail
kind=${1:-installed}
suite=${SUITE:-trixie}
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/bundle-boot
root=$cache/$suite-$kind-$(sha256sum "$0" | cut -c 1-12)

if [ ! -d "$root" ]; then
    case $kind in
    # No initrd: the kernel has the machine's disk and its file system built in, and it would cost half of the guest's making
    # and half of each boot.
    installed) special=(--dpkgopt='path-exclude=/etc/kernel/postinst.d/initramfs-tools') ;;
    live) special=("--include=initramfs-tools,live-boot,zstd") ;;
    esac
    mkdir -p "$cache"
    rm -rf "$root.partial"
    # The cloud kernel has the drivers of virtual machines alone, and little for an emulated processor to unpack.
    # A mirror may lag behind, or this clock be ahead: what is not signed any more today is good enough for a test.
    mmdebstrap --quiet --variant=essential --format=directory \
        --include=systemd-sysv,udev,linux-image-cloud-amd64,docker.io,docker-cli,iptables "${special[@]}" \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt=force-unsafe-io \
        --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Check-Valid-Until "false"' \
        "$suite" "$root.partial" "$mirror" >&2
    mv "$root.partial" "$root"
fi
echo "$root"
