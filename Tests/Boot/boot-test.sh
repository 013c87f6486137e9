#!/bin/bash
# Boots real machines from media with a bundle, cuts their power in the middle, and looks at what they say:
# boot-test.sh disk|store|live|compare…, each a mode in modes/. Needs root, and the packages of .ci/boot-packages.txt.
# BUNDLE and LOADER name other programs than those in dist/.
set -euo pipefail
cd "$(dirname "$0")/../.."
export LC_ALL=C
bundle=${BUNDLE:-$PWD/dist/bundle}
loader=${LOADER:-$PWD/dist/bundle-firstboot}
here=$PWD/Tests/Boot
label=BOOT_TEST
started=$(date +%s)
. Benchmarks/services.sh
. Tests/Boot/machine.sh
. Tests/Boot/images.sh
. Tests/Boot/medium.sh
. Tests/Boot/installers.sh
. Tests/Boot/system.sh
. Tests/Boot/checks.sh

say() { printf '[%4d s] %s\n' $(($(date +%s) - started)) "$*"; }
[ $# -gt 0 ] || set -- disk
for mode; do [ -f "Tests/Boot/modes/$mode.sh" ] || die "there is no mode '$mode'; there are: $(cd Tests/Boot/modes && echo *.sh)"; done
[ "$(id -u)" = 0 ] || die "roots of systems are made as root; run it with sudo"
for file in "$bundle" "$loader"; do [ -x "$file" ] || die "there is no $file; run 'make build'"; done

say "the guest: Debian with docker, from packages or the cache"
guest=$(Tests/Boot/guest.sh)
kernel=$(echo "$guest"/boot/vmlinuz-*)
accelerate "$kernel"
say "machines run with ${accelerator[*]}"

say "two images, pushed into a registry, and a signed bundle of them"
make_images
make_bundle "$run" shell tools
say "$(du -sm "$bundle_folder" | cut -f 1) MB in the bundle, $(du -sm "$run/plain" | cut -f 1) MB as plain tars"

for mode; do
    say "mode $mode"
    mode_started=$(date +%s)
    work=$run/$mode
    mkdir "$work"
    # In a shell of its own: modes share nothing but what is made above.
    # shellcheck disable=SC1090
    (
        processes=() leftovers=("$work")
        trap end EXIT
        . "Tests/Boot/modes/$mode.sh"
    )
    say "mode $mode is right, in $(($(date +%s) - mode_started)) s"
done
