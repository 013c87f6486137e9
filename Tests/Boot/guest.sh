#!/bin/bash
# Makes the guest once, and writes the path of its root: a Debian with systemd, docker and live-boot, made of packages.
# It stays in the cache of this user, by the digest of this script, so that a change here makes it anew.
set -euo pipefail
suite=${SUITE:-trixie}
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/bundle-boot
root=$cache/$suite-$(sha256sum "$0" | cut -c 1-12)

if [ ! -d "$root" ]; then
    mkdir -p "$cache"
    rm -rf "$root.partial"
    # The cloud kernel has the drivers of virtual machines alone: a small initrd, which an emulated processor unpacks sooner.
    # A mirror may lag behind, or this clock be ahead: what is not signed any more today is good enough for a test.
    mmdebstrap --quiet --variant=minbase --format=directory \
        --include=systemd-sysv,udev,linux-image-cloud-amd64,initramfs-tools,live-boot,zstd,docker.io,docker-cli,iptables \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt=force-unsafe-io \
        --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Check-Valid-Until "false"' \
        "$suite" "$root.partial" "$mirror" >&2
    mv "$root.partial" "$root"
fi
echo "$root"
