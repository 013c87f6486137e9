#!/bin/sh
# Audits a bundle without its own tool: sh, openssl, sha256sum, awk, find.
#
#   audit.sh BUNDLE PUBLIC-KEY.pub...      THRESHOLD=N demands N distinct keys (default 1)
#
# Exit: 0 every stored byte is the one that was signed; 3 not trusted; 4 damaged; 64 usage.
# The format is described in docs/format.md of the project.
set -u
LC_ALL=C
export LC_ALL
[ $# -ge 2 ] || { echo "usage: audit.sh BUNDLE PUBLIC-KEY.pub..." >&2; exit 64; }
bundle=$1
shift
threshold=${THRESHOLD:-1}
faults=0
fault() { echo "FAULT: $*" >&2; faults=$((faults + 1)); }
size() { wc -c < "$1" | tr -d ' '; }
is_file() { [ -f "$1" ] && [ ! -L "$1" ]; }

is_file "$bundle/STATEMENT" && [ "$(size "$bundle/STATEMENT")" -le 1024 ] || {
    echo "DAMAGED: no STATEMENT of at most 1024 bytes: no bundle, or cut off" >&2
    exit 4
}

# 1. Signatures. The algorithm belongs to the key; the file's name is computed from the key.
valid=' '
for key in "$@"; do
    id=$(openssl pkey -pubin -in "$key" -outform DER 2>/dev/null | sha256sum | cut -d ' ' -f 1)
    text=$(openssl pkey -pubin -in "$key" -noout -text 2>/dev/null)
    bits=$(echo "$text" | sed -n 's/.*Public-Key: (\([0-9]*\) bit).*/\1/p')
    case $text in
    ED25519*) type=ed25519 ;;
    *prime256v1*) type=ecdsa-p256-sha256 ;;
    *secp384r1*) type=ecdsa-p384-sha384 ;;
    *Modulus*) [ "$bits" -ge 3072 ] && type=rsa-pss-sha256 || type= ;;
    *) type= ;;
    esac
    [ -n "$type" ] || { echo "NOT TRUSTED: $key is no public key that signs bundles" >&2; exit 3; }
    signature=$bundle/sig/$id.$type
    [ -e "$signature" ] || [ -L "$signature" ] || continue
    [ ! -L "$bundle/sig" ] && is_file "$signature" && [ "$(size "$signature")" -le 16384 ] && case $type in
    ed25519) openssl pkeyutl -verify -rawin -pubin -inkey "$key" -sigfile "$signature" -in "$bundle/STATEMENT" ;;
    ecdsa-p384-sha384) openssl dgst -sha384 -verify "$key" -signature "$signature" "$bundle/STATEMENT" ;;
    rsa-pss-sha256) openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 \
        -sigopt rsa_mgf1_md:sha256 -verify "$key" -signature "$signature" "$bundle/STATEMENT" ;;
    *) openssl dgst -sha256 -verify "$key" -signature "$signature" "$bundle/STATEMENT" ;;
    esac > /dev/null 2>&1 || { fault "sig/$id.$type is not that key's signature of STATEMENT"; continue; }
    case $valid in *" $id "*) ;; *) valid="$valid$id " ;; esac
done
count=$(echo "$valid" | wc -w | tr -d ' ')
[ "$threshold" -ge 1 ] && [ "$count" -ge "$threshold" ] || {
    echo "NOT TRUSTED: $count of $threshold needed signatures are valid" >&2
    exit 3
}

# 2. The statement: known lines in their order, nothing else.
awk -F '[ ]' '
    function bad() { wrong = 1; exit }
    function name(text) { return text ~ /^[a-z0-9][a-z0-9._-]*$/ && length(text) <= 64 }
    function number(text) { return text ~ /^[1-9][0-9]*$/ && length(text) <= 12 }
    function time(text) { return text ~ ("^" d d d d "-" d d "-" d d "T" d d ":" d d ":" d d "Z$") }
    function sum(text, size) {
        return length(text) == 64 && text !~ /[^0-9a-f]/ && size ~ /^(0|[1-9][0-9]*)$/ && length(size) <= 15
    }
    BEGIN {
        want = 1
        d = "[0-9]"
        split("product: channel: version: created: min-version: not-after: manifest.json: SHA256SUMS:", order, " ")
    }
    NR == 1 { if ($0 != "oci-bundle-statement v1") bad(); next }
    {
        while ((want == 5 || want == 6) && order[want] != $1) want++
        if (want > 8 || order[want] != $1 || NF != (want >= 7 ? 3 : 2)) bad()
        if (want <= 2 && !name($2)) bad()
        if ((want == 3 || want == 5) && !number($2)) bad()
        if ((want == 4 || want == 6) && !time($2)) bad()
        if (want >= 7 && !sum($2, $3)) bad()
        want++
    }
    END { exit (wrong || want != 9) }
' "$bundle/STATEMENT" && [ -z "$(tail -c 1 "$bundle/STATEMENT")" ] ||
    fault "STATEMENT has lines that this version does not know"

# 3. What it names: manifest.json and SHA256SUMS. Only the sums that were signed are used.
sums=
for name in manifest.json SHA256SUMS; do
    is_file "$bundle/$name" || { fault "$name is missing"; continue; }
    line=$(awk -v name="$name:" '$1 == name { print $2 " " $3 }' "$bundle/STATEMENT")
    if [ "$line" = "$(sha256sum < "$bundle/$name" | cut -d ' ' -f 1) $(size "$bundle/$name")" ]; then
        [ $name = manifest.json ] || sums=signed
    else
        fault "$name is not the one that was signed"
    fi
done

# 4. Nothing but files and folders, for a link may lead anywhere and a pipe never ends; then every file that SHA256SUMS
# names, and the exact set of files.
if [ -n "$(cd "$bundle" && find . ! -type f ! -type d)" ]; then
    fault "there are links, pipes or devices; no file was compared with SHA256SUMS"
elif [ -n "$sums" ]; then
    (cd "$bundle" && sha256sum --check --strict --quiet SHA256SUMS) >&2 || fault "a file differs from SHA256SUMS"
    found=$(cd "$bundle" && find . -type f ! -path './sig/*' | cut -c 3- | sort)
    named=$({ awk '{ print $2 }' "$bundle/SHA256SUMS"; echo STATEMENT; echo SHA256SUMS; } | sort)
    [ "$found" = "$named" ] || fault "the files are not exactly those that SHA256SUMS names"
fi
[ -z "$(cd "$bundle" && find . -mindepth 1 -name '*[!A-Za-z0-9._-]*')" ] || fault "there are strange names"
[ "$(cd "$bundle" && find . -type d | sort | tr '\n' ' ')" = ". ./blobs ./blobs/sha256 ./sig " ] ||
    fault "the folders are not sig, blobs and blobs/sha256"
(cd "$bundle/sig" && find . -type f) | awk '
    $0 !~ /^\.\/[0-9a-f]+\.(ed25519|ecdsa-p256-sha256|ecdsa-p384-sha384|rsa-pss-sha256)$/ { wrong = 1 }
    { split(substr($0, 3), part, "."); if (length(part[1]) != 64) wrong = 1 }
    END { exit wrong }
' || fault "there are files in sig that are no signatures"

[ "$faults" -eq 0 ] || { echo "DAMAGED: $faults faults" >&2; exit 4; }
echo "OK: $count valid signature(s); every stored byte is the one that was signed"
