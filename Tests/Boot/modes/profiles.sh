#!/bin/bash
# Sourced by boot-test.sh: nothing boots; what each profile tells its installer to run puts into a new system what the medium
# holds, with the bundle on the disk. (Mode disk boots what an installer has made.)
# shellcheck disable=SC2154 # what is used here is set by boot-test.sh

printf 'LOAD_IMAGE=true\nBUNDLE_PATH=/srv/bundle\n' >"$work/site.env"
for profile in debian-installer autoinstall kickstart; do
    installer_disc "$work/$profile-disc" "$profile" "$work/site.env"
    guest_root "$work/$profile"
    for round in first again; do
        run_installer "$profile" "$work/$profile-disc" "$root" >"$work/$profile-$round.log" ||
            die "$profile: $(cat "$work/$profile-$round.log")"
    done
    if grep -E '^(installed|copying) ' "$work/$profile-again.log"; then die "$profile: the second time something was done"; fi
    check "$profile: enabled" enabled "$(systemctl --root="$root" is-enabled bundle-firstboot.service)"
    check "$profile: left behind" '' "$(find "$root/var/tmp" -mindepth 1; find "$root/srv" -name '*.partial')"
    chroot "$root" bundle-firstboot --check-config >"$work/config" 2>&1 || die "$profile: $(cat "$work/config")"
    "$bundle" verify "$root/srv/bundle" --trust "$root/etc/bundle/trust.d" >>"$run/errors.log" 2>&1
    check "$profile: owner and mode" "root 755" "$(stat --format '%U %a' "$root/usr/local/bin/bundle-firstboot")"
done

# The profile of live systems is the same bytes for the same input.
for round in first again; do
    SOURCE_DATE_EPOCH=$RANDOM firstboot/profiles/live-boot/make-profile.sh "$work/live-$round" \
        --binary "$loader" --env "$work/site.env" --key "$key" >>"$run/errors.log" 2>&1
done
check "live-boot: the same bytes" '' "$(diff --recursive "$work/live-first" "$work/live-again")"
files=$(unsquashfs -lls "$work/live-first/medium/live/zz-bundle-firstboot.squashfs")
for file in usr/local/bin/bundle-firstboot etc/bundle/trust.d/boot.pub etc/systemd/system/var-lib-docker.mount \
    etc/systemd/system/multi-user.target.wants/bundle-firstboot.service; do
    grep -q "^[l-].* root/root .*squashfs-root/$file" <<<"$files" || die "live-boot: there is no $file in $files"
done

# What a disc lacks is told before anything is installed.
guest_root "$work/bare"
cp -R "$work/debian-installer-disc" "$work/bare-disc"
rm "$work/bare-disc/bundle-firstboot/"*.pub
if (run_installer debian-installer "$work/bare-disc" "$root") >"$work/bare.log" 2>&1; then die "a disc without keys was taken"; fi
grep -q 'there is no key' "$work/bare.log" || die "no word of the keys: $(cat "$work/bare.log")"
check "without keys: installed" '' "$(find "$root/usr/local/bin" "$root/etc/bundle" -type f 2>/dev/null)"
