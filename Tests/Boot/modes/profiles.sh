#!/bin/bash
# Sourced by boot-test.sh: nothing boots; what each profile tells its installer to run puts into a new system what the medium
# holds, with the bundle on the disk. (Mode disk boots what an installer has made.)
# shellcheck disable=SC2154 # what is used here is set by boot-test.sh

mkdir "$run/$mode/medium"
printf 'LOAD_IMAGE=true\nBUNDLE_PATH=/srv/bundle\n' >"$run/$mode/site.env"
firstboot_folder "$run/$mode/medium/bundle-firstboot" "$run/$mode/site.env"
cp -R "$bundle_folder" "$run/$mode/medium/bundle"
for profile in debian-installer autoinstall kickstart; do
    guest_root "$run/$mode/$profile"
    for round in first again; do
        run_installer "$profile" "$run/$mode/medium" "$root" >"$run/$mode/$profile-$round.log" ||
            die "$profile: $(cat "$run/$mode/$profile-$round.log")"
    done
    if grep -E '^(installed|copying) ' "$run/$mode/$profile-again.log"; then die "$profile: the second time something was done"; fi
    check "$profile: enabled" enabled "$(systemctl --root="$root" is-enabled bundle-firstboot.service)"
    check "$profile: left behind" '' "$(find "$root/var/tmp" -mindepth 1; find "$root/srv" -name '*.partial')"
    chroot "$root" bundle-firstboot --check-config >"$run/$mode/config" 2>&1 || die "$profile: $(cat "$run/$mode/config")"
    "$bundle" verify "$root/srv/bundle" --trust "$root/etc/bundle/trust.d" >>"$run/errors.log" 2>&1
    check "$profile: owner and mode" "root 755" "$(stat --format '%U %a' "$root/usr/local/bin/bundle-firstboot")"
done

# The profile of live systems is the same bytes for the same input.
for round in first again; do
    SOURCE_DATE_EPOCH=$RANDOM firstboot/profiles/live-boot/make-profile.sh "$run/$mode/live-$round" \
        --binary "$loader" --env "$run/$mode/site.env" --key "$key" >>"$run/errors.log" 2>&1
done
check "live-boot: the same bytes" '' "$(diff --recursive "$run/$mode/live-first" "$run/$mode/live-again")"
files=$(unsquashfs -lls "$run/$mode/live-first/medium/live/zz-bundle-firstboot.squashfs")
for file in usr/local/bin/bundle-firstboot etc/bundle/trust.d/boot.pub etc/systemd/system/var-lib-docker.mount \
    etc/systemd/system/multi-user.target.wants/bundle-firstboot.service; do
    grep -q "^[l-].* root/root .*squashfs-root/$file" <<<"$files" || die "live-boot: there is no $file in $files"
done

# What a medium lacks is told before anything is installed.
guest_root "$run/$mode/bare"
rm "$run/$mode/medium/bundle-firstboot/"*.pub
if (run_installer debian-installer "$run/$mode/medium" "$root") >"$run/$mode/bare.log" 2>&1; then die "a medium without keys was taken"; fi
grep -q 'there is no key' "$run/$mode/bare.log" || die "no word of the keys: $(cat "$run/$mode/bare.log")"
check "without keys: installed" '' "$(find "$root/usr/local/bin" "$root/etc/bundle" -type f 2>/dev/null)"
