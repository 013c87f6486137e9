#!/bin/sh
# Prints the archives for 'docker load' (*.tar) of a directory as JSON: path, size, what they hold.
set -eu
[ -d "$1" ] || {
    echo "there is no directory $1" >&2
    exit 1
}
separator=
printf '['
for archive in "$1"/*.tar; do
    [ -e "$archive" ] || continue
    case $archive in *[\"\\]*) echo "$archive has a quote or a backslash in its name" >&2 && exit 1 ;; esac
    images=$(tar -xOf "$archive" manifest.json 2>/dev/null) || {
        echo "$archive is no archive for 'docker load': it has no manifest.json" >&2
        exit 1
    }
    # Only archives that are image layouts as well have one.
    index=$(tar -xOf "$archive" index.json 2>/dev/null) || index='{}'
    printf '%s{"path":"%s","size":%s,"images":%s,"index":%s}' \
        "$separator" "$archive" "$(stat -L -c %s "$archive")" "$images" "$index"
    separator=,
done
printf ']\n'
