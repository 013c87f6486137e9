#!/bin/bash
# Sourced: discs with the bundle, as docs/medium.md says.
# shellcheck disable=SC2154 # what is used here is set by boot-test.sh

write_disc() { # ISO [OPTION]…: of 'bundle iso'
    local iso=$1
    shift
    "$bundle" iso "$bundle_folder" --trust "$key" --output "$iso" --no-progress "$@" >>"$run/errors.log" 2>&1 ||
        die "no disc $iso: $(tail -n 1 "$run/errors.log")"
}

boot_disc() { # ISO DIRECTORY: a disc that boots by BIOS and UEFI and knows nothing of bundles, with the label of the tests
    grub-mkrescue --output="$1" "$2" -- -volid "$label" >>"$run/errors.log" 2>&1
}

installer_disc() { # DIRECTORY PROFILE ENV: makes a disc that boots, with bundle, loader, key and profile on it
    local firstboot=$1.firstboot
    mkdir "$1.base"
    echo 'an installer' >"$1.base/README.txt"
    boot_disc "$1.base.iso" "$1.base"
    cp -R firstboot "$firstboot"
    cp "$loader" "$firstboot/bundle-firstboot"
    cp "$key" "$firstboot/"
    cp "$3" "$firstboot/firstboot.env"
    write_disc "$1.iso" --inject "$1.base.iso" --firstboot "$firstboot" --profile "firstboot/profiles/$2"
    # What is in it, as an installer finds it where it has mounted the disc; not each kernel can mount one.
    xorriso -osirrox on -indev "$1.iso" -extract / "$1" >>"$run/errors.log" 2>&1
}
