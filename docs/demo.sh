#!/bin/bash
# The whole way once, with real parts: images of Debian packages, built and pushed by docker into a real registry,
# pulled into a signed bundle, verified, audited without us, damaged, refused. Writes into demo/; needs root for dockerd.
# BUNDLE names another program than dist/bundle.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C
bundle=${BUNDLE:-$PWD/dist/bundle}
out=$PWD/demo
cache=${XDG_CACHE_HOME:-$HOME/.cache}/bundle-demo
started=$(date +%s)
step=0

say() {
    step=$((step + 1))
    printf '\n\033[1m%2d. [%3d s] %s\033[0m\n' "$step" $(($(date +%s) - started)) "$*"
}
show() {
    printf '    $ %s\n' "$(printf '%s ' "$@" | sed "s|$PWD/||g")"
    "$@" 2>&1 | sed 's/^/      /'
}
. Benchmarks/services.sh

[ "$(id -u)" = 0 ] || die "docker's daemon needs root; run 'sudo make demo'"
[ -x "$bundle" ] || die "there is no $bundle; run 'make build'"

say "a real registry (docker-registry) and a docker daemon of our own"
serve_registry "$run/registry"
serve_docker "$run/data"
echo "      registry $registry, docker $(docker version --format '{{.Server.Version}}')"

say "images of real Debian packages: a base, a web server and a database on it"
mkdir -p "$cache"
if [ ! -s "$cache/bookworm.tar" ]; then
    echo "      mmdebstrap makes the base once; it stays in $cache"
    sites=$(apt-get indextargets --format "\$(SITE)" 'Created-By: Packages' | sort -u)
    mirror=$(grep -E '/debian/?$' <<<"$sites" | head -n 1 || true)
    mmdebstrap --quiet --format=tar --variant=minbase --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        bookworm "$cache/bookworm.tar.partial" "deb ${mirror:-http://deb.debian.org/debian} bookworm main"
    mv "$cache/bookworm.tar.partial" "$cache/bookworm.tar"
fi
docker import --change 'CMD ["/bin/bash"]' "$cache/bookworm.tar" "$registry/acme/debian:12" >/dev/null
image() { # NAME:TAG PACKAGE COMMAND
    mkdir -p "$run/context"
    echo "made for $1" >"$run/context/motd"
    cat >"$run/context/Dockerfile" <<EOF
FROM $registry/acme/debian:12
RUN apt-get -q update && apt-get -q install --yes --no-install-recommends $2 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin
COPY motd /etc/motd
CMD ["$3"]
EOF
    docker build --quiet --network=host --tag "$registry/acme/$1" "$run/context" >"$run/build.log" 2>&1 || {
        cat "$run/build.log" >&2
        die "docker could not build $1"
    }
}
image web:1.0 nginx-light nginx
image database:1.0 redis-server redis-server
for name in debian:12 web:1.0 database:1.0; do docker push --quiet "$registry/acme/$name" | sed 's/^/      pushed /'; done

say "a spec says what the bundle shall hold"
rm -rf "$out"
mkdir -p "$out"
cat >"$out/demo.yaml" <<EOF
product: demo
channel: stable
version: 1
platforms: [linux/$(docker version --format '{{.Server.Arch}}')]
variables: { REGISTRY_URL: "$registry" }
registries:
  $registry: { plain-http: true }
images:
  - image: \${REGISTRY_URL}/acme/debian:12
    as: [local/debian:12]
  - image: \${REGISTRY_URL}/acme/web:1.0
    as: [local/web:1.0]
    priority: 10
  - image: \${REGISTRY_URL}/acme/database:1.0
    as: [local/database:1.0]
    groups: [storage]
EOF
sed 's/^/      /' "$out/demo.yaml"

say "a key to sign with, made once per vendor"
show "$bundle" keygen --output "$out" --name demo

say "a lock pins every tag to a digest"
show "$bundle" lock "$out/demo.yaml"

say "the bundle: pulled, deduplicated, compressed, signed"
export XDG_CACHE_HOME=$run/cache
show "$bundle" build "$out/demo.yaml" --output "$out/bundle" --key "$out/demo.key"
unset XDG_CACHE_HOME
stored=$(du -sb "$run/registry/docker/registry/v2/blobs" | cut -f1)
ours=$(du -sb "$out/bundle" | cut -f1)
echo "      the registry holds $stored bytes, the bundle $ours: $((100 * ours / stored)) %"

say "verified: signature, every file, every frame, every layer, every blob made again"
show "$bundle" verify "$out/bundle" --trust "$out/demo.pub"

say "what is in it"
show "$bundle" inspect "$out/bundle"

say "the digests are the registry's"
accept='application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json'
for name in debian:12 web:1.0 database:1.0; do
    digest=$(curl --silent --show-error --fail --head --noproxy '*' --header "Accept: $accept" \
        "http://$registry/v2/acme/${name%:*}/manifests/${name#*:}" |
        tr -d '\r' | sed -n 's/^docker-content-digest: //Ip')
    jq -e --arg digest "$digest" --arg reference "$registry/acme/$name" \
        '.images[] | select(.reference | startswith($reference)) | .root == $digest' \
        "$out/bundle/manifest.json" >/dev/null || die "the bundle has another digest than the registry for $name"
    cmp <(curl --silent --fail --noproxy '*' --header "Accept: $accept" \
        "http://$registry/v2/acme/${name%:*}/manifests/$digest") "$out/bundle/blobs/sha256/${digest#sha256:}"
    echo "      $name $digest: the same in both, byte for byte"
done

say "an auditor needs openssl and sha256sum, not us"
show docs/audit.sh "$out/bundle" "$out/demo.pub"

say "one bit of one byte flips on the medium: refused with exit status 4"
cp -r "$out/bundle" "$out/damaged"
victim=$(find "$out/damaged/blobs" -type f -printf '%s %p\n' | sort -n | tail -n 1 | cut -d' ' -f2)
offset=$(($(stat --format %s "$victim") / 2))
byte=$(od -An -tu1 -j "$offset" -N 1 "$victim")
printf "%b" "\\x$(printf %02x $((byte ^ 1)))" | dd of="$victim" bs=1 seek="$offset" conv=notrunc status=none
status=0
show "$bundle" verify "$out/damaged" --trust "$out/demo.pub" || status=$?
[ "$status" = 4 ] || die "a damaged bundle gave exit status $status instead of 4"
echo "      exit status 4"

say "done; the bundle is in demo/bundle"
