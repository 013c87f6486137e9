#!/bin/sh
# Runs in the guest, after the loader: lines 'BOOT-TEST WHAT VALUE' are what the host reads.
set -u
dmesg --console-off
say() { printf '\nBOOT-TEST %s\n' "$*"; }
property() { systemctl show --value --property="$1" "$2"; }
report() {
    say loader "$(property ActiveState bundle-firstboot.service) $(property ExecMainStatus bundle-firstboot.service)"
    say receipt "$(tail -n 1 /var/lib/bundle/receipts.jsonl)"
}

report
say receipts "$(wc -l </var/lib/bundle/receipts.jsonl)"
say docker "$(docker version --format '{{.Server.Version}}') $(docker info --format '{{.Driver}}')"
# Of each image: by which digest it is run, and what it is to say.
while read -r reference; do
    say container "$(docker run --rm --network none "$reference" 2>&1 | tail -n 1)"
done </etc/boot-test/references
if grep -qw boot-test.restart /proc/cmdline; then
    systemctl restart bundle-firstboot.service
    report
fi
if grep -qw boot-test.compare /proc/cmdline; then /usr/local/sbin/compare.sh; fi
say end
