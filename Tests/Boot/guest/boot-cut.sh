#!/bin/sh
# Runs in the guest: one image is done, the other's intent is durable, and docker has begun to take it.
journal=/var/lib/bundle/journal
until grep -qrs '"done"' $journal && grep -qrs '"intent"' $journal; do sleep 0.1; done
sleep 0.5
printf '\nBOOT-TEST loading\n'
