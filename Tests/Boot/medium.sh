#!/bin/bash
# Sourced: media that machines are started with, as docs/medium.md says.
# shellcheck disable=SC2154 # what is used here is set by boot-test.sh

firstboot_folder() { # DIRECTORY ENV: what lands on a target, with loader, configuration and key
    mkdir -p "$1"
    cp -R firstboot/. "$1/"
    cp "$loader" "$1/bundle-firstboot"
    cp "$key" "$1/"
    cp "$2" "$1/firstboot.env"
}

write_payload() { # ISO: a disc with nothing but the bundle
    xorriso -as mkisofs -quiet -iso-level 3 -R -J -V "$label" -o "$1" "$bundle_folder" >>"$run/errors.log" 2>&1
}

inject() { # BASE ISO PROFILE: a copy of a disc that boots, with the bundle and what the profile adds
    xorriso -report_about WARNING -indev "$1" -outdev "$2" -volid "$label" -map "$bundle_folder" /bundle -map "$3/medium" / \
        -boot_image any replay -hfsplus off >>"$run/errors.log" 2>&1
}
