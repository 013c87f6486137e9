#!/bin/bash
# Sourced by boot-test.sh: how long the first boot takes from docker's start to all images ready, and how long `docker load`
# of the plain tars takes in the same guest.
# shellcheck disable=SC2154 # what is used here is set by boot-test.sh

make_disk config
xorriso -as mkisofs -quiet -iso-level 3 -R -V PLAIN_TARS -o "$work/plain.iso" "$run/plain" >>"$run/errors.log" 2>&1
disc "$work/plain.iso"
boot_disk only boot-test.compare "${disc[@]}"
wait_until_off
check_boot loaded loaded

between() { awk -v from="$1" -v to="$2" '{ printf "%.1f s", $to - $from }'; }
echo "         the first boot, from docker's start to all images ready: $(said first-boot | between 1 2)"
for round in 1 2; do
    echo "         round $round: docker load $(said "plain $round" | between 1 2), and synced $(said "plain $round" | between 1 3);" \
        "the bundle $(said "bundle $round" | between 1 2)"
done
