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

write_payload() { # ISO LABEL DIRECTORY
    xorriso -as mkisofs -quiet -iso-level 3 -R -J -V "$2" -o "$1" "$3"
}

inject() { # BASE ISO LABEL DIRECTORY: a copy of a disc that boots, with what lies in DIRECTORY beside its own files
    xorriso -report_about WARNING -indev "$1" -outdev "$2" -volid "$3" -map "$4" / -boot_image any replay
}
