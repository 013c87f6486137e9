#!/bin/bash
# Sourced by boot-test.sh: how long the first boot takes from docker's start to all images ready, and how long `docker load`
# of the plain tars takes in the same guest; with one image more, of a size that images have.
# shellcheck disable=SC2154 # what is used here is set by boot-test.sh

serve_docker "$run/docker"
image engine "$registry/site/shell:1" '["sh", "-c", "docker --version >/dev/null && echo docker runs"]' usr/bin/{docker,containerd,ctr}
stop_docker "$run/docker"
make_bundle "$work" shell tools engine
containers+=$'\ndocker runs'
say "$(du -sm "$bundle_folder" | cut -f 1) MB in the bundle, $(du -sm "$run/plain" | cut -f 1) MB as plain tars"

make_disk config
xorriso -as mkisofs -quiet -iso-level 3 -R -V PLAIN_TARS -o "$work/plain.iso" "$run/plain" >>"$run/errors.log" 2>&1
disc "$work/plain.iso"
boot_disk only boot-test.compare "${disc[@]}"
wait_until_off
check_boot loaded loaded loaded

between() { awk -v from="$1" -v to="$2" '{ printf "%.1f s", $to - $from }'; }
echo "         the first boot, from docker's start to all images ready: $(said first-boot | between 1 2)"
for round in 1 2 3; do
    echo "         round $round: docker load $(said "plain $round" | between 1 2), and synced $(said "plain $round" | between 1 3);" \
        "the bundle $(said "bundle $round" | between 1 2)"
done
