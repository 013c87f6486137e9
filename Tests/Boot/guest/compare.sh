#!/bin/sh
# Runs in the guest: the first boot's time against `docker load` of the plain tars of a disc like that of the bundle.
set -eu
say() { printf '\nBOOT-TEST %s\n' "$*"; }
since_boot() { cut -d ' ' -f 1 /proc/uptime; }
# In seconds since the boot, as those of the uptime.
active() { awk -v at="$(systemctl show --value --property=ActiveEnterTimestampMonotonic "$1")" 'BEGIN { printf "%.2f", at / 1000000 }'; }

say first-boot "$(active docker.service) $(active bundle-firstboot.service)"
mkdir -p /run/plain
mount -o ro /dev/disk/by-label/PLAIN_TARS /run/plain
for round in 1 2 3; do
    # docker forgets all it has, the kernel what it has read.
    docker image prune --all --force >/dev/null
    sync
    echo 3 >/proc/sys/vm/drop_caches
    started=$(since_boot)
    for tar in /run/plain/*.tar; do docker load --quiet --input "$tar" >/dev/null; done
    loaded=$(since_boot)
    sync
    say plain "$round $started $loaded $(since_boot)"
    docker image prune --all --force >/dev/null
    sync
    echo 3 >/proc/sys/vm/drop_caches
    started=$(since_boot)
    systemctl restart bundle-firstboot.service
    say bundle "$round $started $(since_boot)"
done
