#!/bin/bash
# Makes the images that benchmarks run on: real Debian packages, in the storage directory of a docker-registry.
#
#   Benchmarks/make-corpus.sh           five small images, at most 300 MB unpacked
#   FULL=1 Benchmarks/make-corpus.sh    about twenty, several releases side by side; some GB, and about an hour
#
# Prints the directory, ${CORPUS:-under the user's cache directory}:
#   registry/    rootdirectory of docker-registry, both as pushed and, as plain/…, with uncompressed layers
#   images.txt   a line an image: repository:tag, who pushed it, its digest
# Does nothing when the directory is complete. Needs root, for docker's daemon, and the machine's own apt mirrors.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
size=small
[ "${FULL:-0}" != 1 ] || size=full
corpus=${CORPUS:-${XDG_CACHE_HOME:-$HOME/.cache}/bundle-corpus/$size}
revision=1 # of what this script makes

if [ "$(cat "$corpus/revision" 2>/dev/null)" = "$size $revision" ]; then
    echo "$corpus"
    exit 0
fi
log() { printf '[%4d s] %s\n' $SECONDS "$*" >&2; }
. Benchmarks/services.sh
[ "$(id -u)" = 0 ] || die "docker's daemon needs root"
for program in curl docker docker-registry dockerd jq mmdebstrap podman skopeo; do
    command -v "$program" >/dev/null || die "'$program' is not installed; run 'make deps'"
done

# --- A registry and an engine of our own; sockets in a short path, the bulk beside the corpus.
mkdir -p "$(dirname "$corpus")"
partial=$corpus.partial
rm -rf "$partial"
mkdir -p "$partial"
bulk=$partial/run
leftovers+=("$partial")
mkdir -p "$bulk/tmp"
serve_registry "$partial/registry"
serve_docker "$bulk/docker"
echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$run/policy.json"
copy() { skopeo --policy "$run/policy.json" --tmpdir "$bulk/tmp" copy --quiet "$@"; }
log "registry at $registry"

# --- What images are made of.
sites=$(apt-get indextargets --format "\$(SITE)" 'Created-By: Packages' | sort -u)
mirror=$(grep -E '/debian/?$' <<<"$sites" | head -n 1 || true)
mirror=${mirror:-http://deb.debian.org/debian}
security=$(grep -E 'security' <<<"$sites" | head -n 1 || true)
security=${security:-http://deb.debian.org/debian-security}

sources() { # SUITE released|updated
    echo "deb $mirror $1 main"
    if [ "$2" = updated ]; then
        echo "deb $mirror $1-updates main"
        echo "deb $security $1-security main"
    fi
}
base() { # NAME:TAG SUITE released|updated
    sources "$2" "$3" | mmdebstrap --quiet --format=tar --variant=minbase --include=ca-certificates \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        "$2" - - | docker import --change 'CMD ["/bin/bash"]' - "$registry/$1" >/dev/null
    log "made $1"
}
application() { # DIRECTORY SUITE PACKAGES: the files of packages, as an application that was not packaged
    mkdir -p "$1"
    sources "$2" released | mmdebstrap --quiet --format=tar --variant=extract --include="$3" "$2" - - |
        tar --extract --directory "$1" --wildcards './usr/lib/python3/dist-packages/*' './usr/share/javascript/*' 2>/dev/null || true
    [ -n "$(ls -A "$1")" ] || die "the packages $3 of $2 have no files that an application would have"
}
image() { # NAME:TAG, the instructions on standard input, the context in context/NAME:TAG
    local context=$bulk/context/$1
    mkdir -p "$context"
    sed "s|^FROM |FROM $registry/|" >"$context/Dockerfile"
    docker build --quiet --network=host --tag "$registry/$1" "$context" >"$run/build.log" 2>&1 ||
        die "docker could not build $1: $(tail -n 30 "$run/build.log")"
    log "made $1"
}
install() { # PACKAGES…: an instruction
    echo "RUN apt-get -q update && apt-get -q install --yes --no-install-recommends $*" \
        "&& rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/apt/archives/*.deb"
}

# --- How they get into the registry: each client has its own gzip and its own manifest format.
push() { # docker|skopeo|podman NAME:TAG…
    local client=$1 name digest
    shift
    for name in "$@"; do
        case $client in
        docker) docker push --quiet "$registry/$name" >/dev/null ;;
        skopeo)
            copy --dest-tls-verify=false --format oci --src-daemon-host "$DOCKER_HOST" \
                "docker-daemon:$registry/$name" "docker://$registry/$name"
            ;;
        podman)
            docker save --output "$bulk/tmp/image.tar" "$registry/$name"
            local podman=(podman --root "$bulk/podman" --runroot "$run/podman" --tmpdir "$run/podman-tmp")
            "${podman[@]}" load --quiet --signature-policy "$run/policy.json" --input "$bulk/tmp/image.tar" >/dev/null
            rm "$bulk/tmp/image.tar"
            TMPDIR=$bulk/tmp "${podman[@]}" push --quiet --signature-policy "$run/policy.json" --tls-verify=false \
                "$registry/$name"
            "${podman[@]}" rmi --all --force >/dev/null
            ;;
        esac
        digest=$(skopeo inspect --tls-verify=false --raw "docker://$registry/$name" | sha256sum | cut -d' ' -f1)
        echo "$name $client sha256:$digest" >>"$partial/images.txt"
        log "pushed $name with $client"
    done
}
plain() { # NAME:TAG: the same image once more, its layers as uncompressed tars
    local directory=$bulk/tmp/plain digest wrong
    copy --src-tls-verify=false --dest-decompress "docker://$registry/$1" "dir:$directory"
    copy --dest-tls-verify=false --preserve-digests "dir:$directory" "docker://$registry/plain/$1"
    skopeo inspect --tls-verify=false --raw "docker://$registry/plain/$1" >"$run/manifest.json"
    wrong=$(jq '[.layers[] | select(.mediaType | test("gzip|zstd"))] | length' "$run/manifest.json")
    [ "$wrong" = 0 ] || die "plain/$1 names $wrong compressed layers"
    digest=$(sha256sum "$run/manifest.json" | cut -d' ' -f1)
    echo "plain/$1 skopeo sha256:$digest" >>"$partial/images.txt"
    rm -rf "$directory"
}

# --- The images.
if [ $size = small ]; then
    base debian:12 bookworm updated
    for release in 1.0 1.1; do
        suite=bookworm
        [ $release = 1.0 ] || suite=trixie
        application "$bulk/context/script:$release/app" $suite python3-pygments,python3-jinja2
        # RELEASE comes first, so both releases install the same packages in layers of their own.
        image script:$release <<EOF
FROM debian:12
ENV RELEASE=$release PYTHONPATH=/opt/app/usr/lib/python3/dist-packages
$(install python3-minimal libpython3-stdlib)
COPY app /opt/app
CMD ["python3"]
EOF
    done
    image web:1 <<EOF
FROM debian:12
$(install nginx-light)
RUN ln -sf /dev/stdout /var/log/nginx/access.log
CMD ["nginx", "-g", "daemon off;"]
EOF
    image database:1 <<EOF
FROM debian:12
$(install redis-server)
RUN mkdir -p /data && chown redis:redis /data
CMD ["redis-server"]
EOF
    push docker debian:12 script:1.0 script:1.1
    push skopeo web:1
    push podman database:1
else
    # Releases: 12.0 as the suite was released last, 12.1 with all updates since.
    base debian:12.0 bookworm released
    base debian:12.1 bookworm updated
    base debian:13.0 trixie updated
    for release in 0 1; do
        # One product in two releases: a desktop, two browsers and a service on it.
        image desktop:1.$release <<EOF
FROM debian:12.$release
$(install libgtk-3-0 libnss3 libasound2 libpulse0 xvfb x11vnc x11-utils xauth openbox dbus-x11 supervisor \
            fonts-dejavu-core fonts-liberation fonts-noto-core fonts-noto-cjk ffmpeg pulseaudio libgl1-mesa-dri)
RUN useradd --create-home user && echo 1.$release > /etc/desktop-release
ENV DISPLAY=:1
EOF
        for browser in firefox-esr chromium; do
            image $browser:1.$release <<EOF
FROM desktop:1.$release
$(install $browser)
RUN echo "$browser 1.$release" > /etc/browser-release
USER user
CMD ["$browser"]
EOF
        done
        suite=bookworm
        [ $release = 0 ] || suite=trixie
        application "$bulk/context/portal:1.$release/app" $suite \
            python3-django,python3-pygments,python3-sqlalchemy,python3-jinja2,libjs-jquery
        image portal:1.$release <<EOF
FROM debian:12.$release
$(install python3 python3-psycopg2)
COPY app /opt/app
RUN chown -R www-data:www-data /opt/app
CMD ["python3"]
EOF
        image web:1.$release <<EOF
FROM debian:12.$release
$(install nginx gettext-base curl)
RUN ln -sf /dev/stdout /var/log/nginx/access.log && ln -sf /dev/stderr /var/log/nginx/error.log
CMD ["nginx", "-g", "daemon off;"]
EOF
        image postgres:15.$release <<EOF
FROM debian:12.$release
$(install locales xz-utils zstd)
$(install postgresql-15 postgresql-contrib)
RUN mkdir /initdb.d
CMD ["postgres"]
EOF
    done
    image science:1 <<EOF
FROM debian:12.1
$(install python3 python3-numpy)
$(install python3-scipy python3-pandas python3-sklearn python3-pil)
CMD ["python3"]
EOF
    image science:2 <<EOF
FROM debian:13.0
$(install python3 python3-numpy)
$(install python3-scipy python3-pandas python3-pil)
CMD ["python3"]
EOF
    image java:17 <<EOF
FROM debian:12.1
RUN mkdir -p /usr/share/man/man1
$(install openjdk-17-jre-headless)
$(install libspring-web-java libhibernate3-java libguava-java libtomcat9-java)
CMD ["java"]
EOF
    image monitoring:2 <<EOF
FROM debian:12.1
$(install prometheus prometheus-node-exporter)
CMD ["prometheus"]
EOF
    image registry:2 <<EOF
FROM debian:12.1
$(install docker-registry)
CMD ["docker-registry", "serve", "/etc/docker/registry/config.yml"]
EOF
    image tools:12 <<EOF
FROM debian:12.1
$(install build-essential git curl vim less)
$(install cmake gdb python3 perl)
CMD ["/bin/bash"]
EOF
    push docker debian:12.0 debian:12.1 debian:13.0 desktop:1.0 desktop:1.1 firefox-esr:1.0 firefox-esr:1.1 \
        chromium:1.0 chromium:1.1 portal:1.0 portal:1.1 web:1.0 web:1.1 java:17 tools:12
    push skopeo science:1 science:2 monitoring:2
    push podman postgres:15.0 postgres:15.1 registry:2
fi

# Last, because skopeo would else take a plain layer, which it knows to be in the registry, for one that it shall push.
mapfile -t names < <(cut -d' ' -f1 "$partial/images.txt")
for name in "${names[@]}"; do plain "$name"; done
log "made all of them once more, uncompressed"

# --- Complete: one rename makes it so.
stop_services
rm -rf "$bulk"
echo "$size $revision" >"$partial/revision"
rm -rf "$corpus"
mv "$partial" "$corpus"
log "$(wc -l <"$corpus/images.txt") images, $(du -sm "$corpus/registry" | cut -f1) MB in the registry"
echo "$corpus"
