#!/bin/bash
# Sourced: what the profiles tell installers to run, run as installers do: in a root of busybox alone, which is all that
# Debian's has, with disc and new system mounted where the installer mounts them.
# shellcheck disable=SC2154 # what is used here is set by boot-test.sh

installer_command() { # PROFILE DISC: sets $command, $at_disc and $at_target
    case $1 in
    debian-installer)
        at_disc=/cdrom at_target=/target
        debconf-set-selections --checkonly "$2/bundle-firstboot/preseed.cfg"
        command=$(sed -n 's/^d-i preseed\/late_command string //p' "$2/bundle-firstboot/preseed.cfg")
        ;;
    autoinstall)
        at_disc=/cdrom at_target=/target
        command=$(sed -n '/^  late-commands:$/,$ s/^    - //p' "$2/autoinstall.yaml")
        ;;
    kickstart)
        at_disc=/run/install/repo at_target=/mnt/sysroot
        if command -v ksvalidator >/dev/null; then ksvalidator "$2/bundle-firstboot/bundle.ks"; fi
        command=$(sed -n '/^%post --nochroot/,/^%end$/ { /^%/d; p; }' "$2/bundle-firstboot/bundle.ks")
        ;;
    esac
    [ -n "$command" ] || die "the profile $1 has no command"
}

run_installer() { # PROFILE DISC ROOT
    local installer
    installer_command "$1" "$2"
    installer=$(mktemp --directory "$run/installer-XXXX")
    mkdir -p "$installer/bin" "$installer/tmp" "$installer$at_disc" "$installer$at_target"
    cp "$(command -v busybox)" "$installer/bin/busybox"
    chroot "$installer" /bin/busybox --install -s /bin
    mount --bind -o ro "$2" "$installer$at_disc"
    mount --bind "$3" "$installer$at_target"
    mount -t proc proc "$installer$at_target/proc"
    chroot "$installer" /bin/env -i PATH=/bin sh -c "$command" || die "the command of the profile $1 failed: $command"
    umount "$installer$at_target/proc" "$installer$at_target" "$installer$at_disc"
}
