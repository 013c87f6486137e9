#!/bin/bash
# Sourced by boot-test.sh: as disk, with docker's containerd store, in which containers run by the registry's digests.

make_disk root '"features": {"containerd-snapshotter": true}'
boot_three_times
