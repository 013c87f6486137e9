#!/bin/bash
# Sourced: images that run, built and pushed by docker into a real registry, and bundles of them.
# shellcheck disable=SC2034,SC2154 # run and registry come from services.sh

image() { # NAME PARENT COMMAND FILE…: of the guest's own files; leaves a plain tar in $run/plain
    local name=$1 context=$run/context
    mkdir -p "$context" "$run/plain"
    (cd "$guest" && tar --create "${@:4}") >"$context/files.tar"
    printf 'FROM %s\nADD files.tar /\nCMD %s\n' "$2" "$3" >"$context/Dockerfile"
    docker build --quiet --tag "$registry/site/$name:1" "$context" >>"$run/errors.log" 2>&1
    docker push --quiet "$registry/site/$name:1" >/dev/null
    docker save --output "$run/plain/$name.tar" "$registry/site/$name:1"
    rm -r "$context"
}

make_images() { # sets $registry
    local libraries=usr/lib/x86_64-linux-gnu
    serve_registry "$run/registry"
    serve_docker "$run/docker"
    image shell scratch '["sh", "-c", "echo the shell runs"]' \
        bin lib lib64 sbin usr/bin/{sh,dash} usr/lib64 $libraries/{libc.so.6,ld-linux-x86-64.so.2}
    # Some megabytes that take their time.
    image tools "$registry/site/shell:1" '["perl", "-e", "print '"'perl runs'"'"]' \
        usr/bin/perl $libraries/{libm.so.6,libcrypt.so.1,libcrypt.so.1.1.0,libcrypto.so.3,perl-base}
    stop_docker "$run/docker"
}

make_bundle() { # DIRECTORY NAME…: of images, in the order of their priority; sets $bundle_folder and $key
    local name priority=0
    bundle_folder=$1/bundle key=$1/boot.pub
    shift
    {
        printf 'product: boot-test\nchannel: stable\nversion: 1\nplatforms: [linux/amd64]\n'
        printf 'registries:\n  %s: { plain-http: true }\nimages:\n' "$registry"
        for name; do
            priority=$((priority + 10))
            printf '  - { image: "%s/site/%s:1", as: ["local/%s:1"], priority: %s }\n' "$registry" "$name" "$name" $priority
        done
    } >"${bundle_folder%/*}/boot.yaml"
    {
        "$bundle" keygen --output "${key%/*}" --name boot
        "$bundle" build "${key%/*}/boot.yaml" --output "$bundle_folder" --key "${key%.pub}.key" --cache "$run/cache" --no-progress
    } >>"$run/errors.log" 2>&1
}

references() { # FIELD: of each image what a container is run by; config is docker's image ID, root the registry's digest
    "$bundle" inspect "$bundle_folder" --json | jq -r --arg field "$1" '.images | sort_by(.priority)[] |
        if $field == "root" then "\(.names[0] | sub(":1$"; ""))@\(.root)" else .manifests[0].config end'
}
