#!/bin/bash
# Sourced: the systems that boot.
# shellcheck disable=SC2154 # what is used here is set by boot-test.sh

guest_root() { # DIRECTORY: sets $root, a view of the guest in which a mode may change what it likes
    # The upper layer must not lie on another overlay, as /tmp of a container does.
    mkdir "$1"
    mount -t tmpfs tmpfs "$1"
    mkdir "$1/upper" "$1/work" "$1/root"
    mount -t overlay overlay -o "lowerdir=$guest,upperdir=$1/upper,workdir=$1/work" "$1/root"
    root=$1/root
}

# Puts into $root what looks at the loader's work.
add_check() { # FIELD SETTINGS: by which containers are run; further settings of docker
    local unit
    # No bridge, no rules of a firewall and no Kubernetes: half of docker's start, on an emulated processor.
    mkdir -p "$root/etc/docker" "$root/etc/containerd"
    printf 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n' >"$root/etc/containerd/config.toml"
    echo "{\"bridge\": \"none\", \"iptables\": false, \"ip6tables\": false${2:+, $2}}" >"$root/etc/docker/daemon.json"
    cp "$here"/guest/*.sh "$root/usr/local/sbin/"
    cp "$here"/guest/*.service "$root/etc/systemd/system/"
    for unit in boot-check boot-cut; do
        ln -s "../$unit.service" "$root/etc/systemd/system/multi-user.target.wants/$unit.service"
    done
    mkdir -p "$root/etc/boot-test" "$root/etc/systemd/journald.conf.d"
    references "$1" >"$root/etc/boot-test/references"
    # What the loader says is also to be seen on the console.
    printf '[Journal]\nForwardToConsole=yes\nTTYPath=/dev/ttyS0\nMaxLevelConsole=info\n' \
        >"$root/etc/systemd/journald.conf.d/console.conf"
    # What a test waits for in vain: what is done after an update and at a system's very first boot, timers and logins.
    touch "$root/etc/.updated" "$root/var/.updated"
    echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
    for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer \
        e2scrub_reap.service systemd-timesyncd.service getty@tty1.service getty-static.service serial-getty@ttyS0.service; do
        ln -sf /dev/null "$root/etc/systemd/system/$unit"
    done
}

# An installed system on a disk, as the profile of an installer made it, and the payload on a disc.
make_disk() { # FIELD SETTINGS: as for add_check
    guest_root "$work/view"
    add_check "$@"
    printf 'LOAD_IMAGE=true\nBUNDLE_PATH=LABEL=%s\n' "$label" >"$work/site.env"
    installer_disc "$work/installer" debian-installer "$work/site.env"
    run_installer debian-installer "$work/installer" "$root" >>"$run/errors.log" 2>&1
    truncate --size 3G "$work/disk.img"
    mke2fs -q -t ext4 -d "$root" "$work/disk.img"
    write_disc "$work/payload.iso" --volume-id "$label"
}

disc() { # ISO [BYTES]: sets ${disc[@]}, a drive with a disc in it, which reads so many bytes a second
    disc=(-drive "file=$1,format=raw,if=none,id=${1##*/},media=cdrom${2:+,throttling.bps-read=$2}"
        -device "scsi-cd,drive=${1##*/}")
}

boot_disk() { # NAME PARAMETERS [ARGUMENT]…: parameters of the kernel, and what else the machine has
    local name=$1 parameters=$2
    shift 2
    disc "$work/payload.iso" "${speed:-}"
    # A disk that the kernel knows without an initrd.
    start_machine "$mode-$name" -drive "file=$work/disk.img,format=raw,if=none,id=disk" -device nvme,drive=disk,serial=disk \
        -device virtio-scsi-pci "${disc[@]}" "$@" -kernel "$kernel" -append "root=/dev/nvme0n1 rw console=ttyS0 loglevel=4 $patience $parameters"
}

# Power is cut while an image is loaded; the next boot mends that and loads the rest, the one after that loads nothing.
boot_three_times() {
    say "first boot, power is cut while an image is loaded"
    # An old drive, so that a fast machine is not through before its power is cut.
    speed=1000000 boot_disk first boot-test.cut
    expect 'BOOT-TEST loading'
    cut_power
    say "second boot"
    boot_disk second ""
    expect 'bundle-firstboot\[[0-9]+\]: healing: a load of .*tools.* was interrupted'
    wait_until_off
    check_boot present loaded
    say "third boot"
    boot_disk third ""
    wait_until_off
    check_boot present present
}

make_live_disc() {
    local guest
    guest=$("$here/guest.sh" live)
    guest_root "$work/view"
    add_check config
    # Somebody's live disc.
    mkdir -p "$work/disc/live" "$work/disc/boot/grub"
    cp "$root"/boot/vmlinuz-* "$work/disc/live/vmlinuz"
    cp "$root"/boot/initrd.img-* "$work/disc/live/initrd.img"
    cat >"$work/disc/boot/grub/grub.cfg" <<END
serial --unit=0
terminal_output serial
linux /live/vmlinuz boot=live console=ttyS0 loglevel=4 $patience boot-test.cut boot-test.restart
initrd /live/initrd.img
boot
END
    mksquashfs "$root" "$work/disc/live/filesystem.squashfs" -quiet -no-progress -comp zstd -Xcompression-level 3 -e boot \
        >>"$run/errors.log" 2>&1
    boot_disc "$work/base.iso" "$work/disc"
    # What comes onto it.
    printf 'LOAD_IMAGE=true\nBUNDLE_PATH=LABEL=%s/bundle\n' "$label" >"$work/site.env"
    firstboot/profiles/live-boot/make-profile.sh "$work/profile" --binary "$loader" --env "$work/site.env" --key "$key" \
        >>"$run/errors.log" 2>&1
    write_disc "$work/live.iso" --inject "$work/base.iso" --profile "$work/profile"
}

boot_live() { # NAME
    disc "$work/live.iso"
    start_machine "$mode-$1" -boot d -device virtio-scsi-pci "${disc[@]}"
}
