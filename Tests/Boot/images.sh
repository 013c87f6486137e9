#!/bin/bash
# Sourced: two images that run, built and pushed by docker into a real registry, and a bundle of them.
# shellcheck disable=SC2034,SC2154 # run and registry come from services.sh

make_images() { # ROOT: images of the guest's own files; sets $registry, leaves plain tars in $run/plain
    serve_registry "$run/registry"
    serve_docker "$run/docker"
    local context=$run/context
    mkdir "$context"
    # A shell and what it needs is one layer, perl the other, with some megabytes that take their time.
    (
        cd "$1" || exit
        tar --create bin lib lib64 sbin usr/bin/{sh,dash} usr/lib64 usr/lib/x86_64-linux-gnu/{libc.so.6,ld-linux-x86-64.so.2}
    ) | docker import --change 'CMD ["sh", "-c", "echo the shell runs"]' - "$registry/site/shell:1" >/dev/null
    (
        cd "$1" || exit
        tar --create usr/bin/perl usr/lib/x86_64-linux-gnu/{libm.so.6,libcrypt.so.1*,libcrypto.so.3,perl-base}
    ) >"$context/tools.tar"
    cat >"$context/Dockerfile" <<END
FROM $registry/site/shell:1
ADD tools.tar /
CMD ["perl", "-e", "print 'perl runs'"]
END
    docker build --quiet --tag "$registry/site/tools:1" "$context" >>"$run/errors.log" 2>&1
    mkdir "$run/plain"
    for name in shell tools; do
        docker push --quiet "$registry/site/$name:1" >/dev/null
        docker save --output "$run/plain/$name.tar" "$registry/site/$name:1"
    done
    stop_docker "$run/docker"
    rm -rf "$context"
}

make_bundle() { # sets $bundle_folder and $key
    bundle_folder=$run/bundle key=$run/boot.pub
    cat >"$run/boot.yaml" <<END
product: boot-test
channel: stable
version: 1
platforms: [linux/amd64]
registries:
  $registry: { plain-http: true }
images:
  - image: $registry/site/shell:1
    as: [local/shell:1]
    priority: 10
  - image: $registry/site/tools:1
    as: [local/tools:1]
    priority: 20
END
    {
        "$bundle" keygen --output "$run" --name boot
        "$bundle" build "$run/boot.yaml" --output "$bundle_folder" --key "$run/boot.key" --cache "$run/cache" --no-progress
    } >>"$run/errors.log" 2>&1
}

references() { # FIELD: of each image what a container is run by; config is docker's image ID, root the registry's digest
    "$bundle" inspect "$bundle_folder" --json | jq -r --arg field "$1" '.images | sort_by(.priority)[] |
        if $field == "root" then "\(.names[0] | sub(":1$"; ""))@\(.root)" else .manifests[0].config end'
}
