#!/bin/bash
# Sourced by boot-test.sh: a Debian live system that boots by itself from a disc, made without knowing of bundles; bundle,
# loader and keys come onto a copy of the disc as the profile live-boot puts them there. Loaded again on the same boot, nothing
# is loaded; and a power cut in the middle leaves nothing that the next boot could see.
# shellcheck disable=SC2154 # what is used here is set by boot-test.sh

make_live_disc
say "first boot, power is cut while an image is loaded"
boot_live first
expect 'BOOT-TEST loading'
cut_power
say "second boot"
boot_live second
wait_until_off
check "images" "loaded loaded" "$(said receipt | head -n 1 | results)"
check_boot present present
