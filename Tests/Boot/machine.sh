#!/bin/bash
# Sourced: an emulated machine, its serial console, and the cable to pull. Needs $run, processes and die of services.sh.
# shellcheck disable=SC2034,SC2154 # run comes from services.sh

# KVM where it really boots a kernel; the device alone proves nothing on a host that is a guest itself.
accelerate() { # KERNEL: sets $accelerator
    # A plain processor: what newer ones do by special instructions takes an emulator longer.
    accelerator=(-accel "tcg,thread=multi" -cpu Nehalem)
    [ -w /dev/kvm ] || return 0
    # In a shell of its own, which keeps to itself how it ended.
    (timeout 15 qemu-system-x86_64 -accel kvm -cpu host -m 256 -display none -no-reboot -kernel "$1" \
        -append 'console=ttyS0 panic=-1' -serial "file:$run/kvm.log" || true) >/dev/null 2>&1
    if grep -q 'Linux version' "$run/kvm.log" 2>/dev/null; then accelerator=(-accel kvm -cpu host); fi
}

# What kernel and systemd take for errors, an emulated processor on a busy host is slow enough for. And QEMU 7.2 spoils the
# flags where an interrupt follows a cmpxchg16b, which the kernel else uses for each allocation: double faults.
# Mitigations empty the emulator's caches at each system call.
patience="mitigations=off nowatchdog no_timer_check clearcpuid=cx16 systemd.default_timeout_start_sec=900 systemd.default_device_timeout_sec=900 systemd.show_status=0"

# PROCESSORS=1 is for busy hosts, where two of them would wait for each other.
start_machine() { # NAME ARGUMENT…: sets $console, its log, and $machine, its process
    local attempt
    console=$run/$1.log
    shift
    for attempt in 1 2 3; do
        : >"$console"
        qemu-system-x86_64 "${accelerator[@]}" -smp "${PROCESSORS:-2}" -m "${MEMORY:-2048}" -display none -no-reboot -nic none \
            -device virtio-rng-pci -serial "file:$console" "$@" 2>"$run/qemu.log" &
        machine=$!
        processes+=("$machine")
        if ! dies_early; then return; fi
        say "the kernel died before it started anything, as it may on an emulated processor; attempt $attempt"
        cut_power
    done
    die "no kernel came up: $(tail -n 20 "$console" "$run/qemu.log")"
}

lines_of_console() { timeout "${PATIENCE:-600}" tail --pid="$machine" --lines=+1 --follow "$console"; } # while it runs

# What is under test starts after systemd; until then nothing is written.
dies_early() {
    local first
    first=$(grep -m 1 -aoE 'systemd\[1\]|Kernel panic' < <(lines_of_console)) || true
    case $first in
    'systemd[1]') return 1 ;;
    'Kernel panic') return 0 ;;
    *) ! kill -0 "$machine" 2>/dev/null ;;
    esac
}

expect() { # PATTERN: waits until the console shows it
    if grep -q -m 1 -aE -- "$1" < <(lines_of_console); then return; fi
    tail -n 60 "$console" "$run/qemu.log" >&2
    die "the console never showed '$1'"
}

cut_power() { # ends the machine as it stands: what its kernel has not written is lost
    kill -KILL "$machine"
    wait "$machine" 2>/dev/null || true
}

wait_until_off() {
    expect 'reboot: Power down'
    wait "$machine" || die "the machine ended with $?: $(cat "$run/qemu.log")"
}

said() { # WHAT: what the guest reported of it, one line each time
    tr -d '\r' <"$console" | sed -n "s/^BOOT-TEST $1 //p"
}
