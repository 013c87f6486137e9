#!/bin/bash
# Sourced by boot-test.sh: an installed system on a disk, the payload on a disc; containers run by docker's image IDs.

make_disk config
boot_three_times
