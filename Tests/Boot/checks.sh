#!/bin/bash
# Sourced: what a boot's console must say.
# shellcheck disable=SC2154 # what is used here is set by boot-test.sh

check() { # WHAT EXPECTED FOUND
    [ "$2" = "$3" ] || {
        [ -z "${console:-}" ] || tail -n 60 "$console" >&2
        die "$1: expected '$2', found '$3'"
    }
    echo "         $1: $3"
}

# What each image is to say when a container of it runs.
containers=$'the shell runs\nperl runs'

results() { jq -r '[.images[].result] | join(" ")'; }

check_boot() { # RESULT RESULT: what the last receipt says of each image: loaded or present
    check "the loader" "active 0" "$(said loader | tail -n 1)"
    check "images" "$*" "$(said receipt | tail -n 1 | results)"
    check "containers" "$containers" "$(said container)"
}
